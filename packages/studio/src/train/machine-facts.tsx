/** On what a run trains, and why: one line, and the reasons behind a fold. */
import { Fold } from '../components/fold.tsx';
import { compact } from '../format.ts';
import type { LiveRun } from './live-run.ts';

const BACKENDS = { wasm: 'WebAssembly', webgpu: 'WebGPU', 'tfjs-wasm': 'TensorFlow.js on WebAssembly' } as const;

export function MachineFacts({ live: { machine, start } }: { readonly live: LiveRun }) {
  if (!machine) return <p class="muted small machine">Choosing where to run …</p>;
  const { backend, lanes, exchange, reason, timings, unavailable } = machine;
  const shared = exchange === 'none' ? '' : `, gradients by ${exchange}`;
  return (
    <Fold title={`${BACKENDS[backend]}, ${lanes} lane${lanes === 1 ? '' : 's'}${shared}`}>
      <p class="small">{reason}</p>
      {timings.length > 0 && (
        <ul class="small plain-list">
          {timings.map(({ name, stepMs, tokensPerSecond }) => (
            <li key={name}>
              {name}: {stepMs.toFixed(0)} ms a step, {compact(tokensPerSecond)} tokens a second
            </li>
          ))}
        </ul>
      )}
      {unavailable.length > 0 && (
        <ul class="small plain-list">
          {unavailable.map(({ name, reason: why }) => (
            <li key={name}>
              Not here: {name}. {why}
            </li>
          ))}
        </ul>
      )}
      {start && (
        <p class="small">
          {start.config.numHiddenLayers} encoder and {start.config.numDecoderLayers} decoder layers,{' '}
          {start.config.hiddenSize} wide, {start.config.vocabSize.toLocaleString('en')} pieces, texts of up to{' '}
          {start.config.maxPositionEmbeddings} tokens.
        </p>
      )}
    </Fold>
  );
}
