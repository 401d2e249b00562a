/** Attention maps: a layer and a head as a picture, and one token's share in bars, which says the same without seeing it. */
import type { AttentionMap, Explanation } from '@lacuna/client/local';
import { useSignal } from '@preact/signals';
import { Bar } from '../components/bar.tsx';
import { SelectField } from '../components/field.tsx';
import { percent } from '../format.ts';
import { headWeights, mapName, strongest } from './attention.ts';
import { Heatmap } from './heatmap.tsx';

const SHOWN = 6;

export function AttentionView({ explanation }: { readonly explanation: Explanation }) {
  const { attention, tokens } = explanation;
  const layer = useSignal(attention.length - 1);
  const head = useSignal<string>('mean');
  const query = useSignal(0);
  const map = attention[Math.min(layer.value, attention.length - 1)];
  if (!map) return null;
  const of = head.value === 'mean' || Number(head.value) >= map.heads ? 'mean' : Number(head.value);
  const weights = headWeights(map, of);
  const keys = tokens.map(({ piece }) => piece);
  const queries = map.kind === 'self' ? keys : Array.from({ length: map.queries }, (_, i) => `Gap ${i + 1}`);
  const row = Math.min(query.value, map.queries - 1);
  const looked = strongest(weights, row, map.keys, SHOWN);
  const most = looked[0]?.weight ?? 1;
  return (
    <section class="attention" aria-label="Attention">
      <h3>Who looks at whom</h3>
      <div class="fields">
        <SelectField
          label="Layer"
          value={String(attention.indexOf(map))}
          options={attention.map((one, i) => ({ value: String(i), label: mapName(one) }))}
          onChange={(value) => {
            layer.value = Number(value);
          }}
        />
        <SelectField
          label="Head"
          value={String(of)}
          options={headOptions(map)}
          onChange={(value) => {
            head.value = value;
          }}
        />
        <SelectField
          label="Token"
          value={String(row)}
          options={queries.map((name, i) => ({
            value: String(i),
            label: map.kind === 'self' ? `${i + 1}. ${name}` : name,
          }))}
          onChange={(value) => {
            query.value = Number(value);
          }}
        />
      </div>
      <div class="attention-body">
        <Heatmap
          weights={weights}
          queries={map.queries}
          keys={map.keys}
          row={row}
          label={`Attention of ${map.queries} rows to ${map.keys} tokens in ${mapName(map)}. The bars beside it say the same of one row.`}
          onChoose={(chosen) => {
            query.value = chosen;
          }}
        />
        <div class="looked">
          <p class="small">
            <strong>{queries[row]}</strong> looks most at:
          </p>
          {looked.map(({ key, weight }) => (
            <Bar key={key} label={`${key + 1}. ${keys[key]}`} share={weight / most} value={percent(weight)} />
          ))}
        </div>
      </div>
    </section>
  );
}

function headOptions({ heads }: AttentionMap) {
  const each = Array.from({ length: heads }, (_, i) => ({ value: String(i), label: `Head ${i + 1}` }));
  return [{ value: 'mean', label: 'All heads, mean' }, ...each];
}
