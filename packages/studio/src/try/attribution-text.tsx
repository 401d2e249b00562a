/** A text tinted by what each token adds to the answer: by colour and line, in words, and in numbers on demand. */
import type { Explanation } from '@lacuna/client/local';
import { useSignal } from '@preact/signals';
import { Button } from '../components/button.tsx';
import { decisive, signed, type TintedPiece, tintedPieces } from './attribution.ts';

export function AttributionText({ explanation }: { readonly explanation: Explanation }) {
  const hasNumbers = useSignal(false);
  const pieces = tintedPieces(explanation.tokens);
  const { forIt, against } = decisive(pieces);
  return (
    <div class="attributions">
      <p class={`tinted${hasNumbers.value ? ' with-numbers' : ''}`}>
        {pieces.map((piece, i) => (
          <Piece key={i} piece={piece} hasNumber={hasNumbers.value} />
        ))}
      </p>
      <div class="row">
        <Button
          pressed={hasNumbers.value}
          onClick={() => {
            hasNumbers.value = !hasNumbers.value;
          }}
        >
          Numbers
        </Button>
        <span class="legend">
          <span class="tint for" style={{ '--strength': '0.8' }}>
            speaks for it
          </span>
          <span class="tint against" style={{ '--strength': '0.8' }}>
            speaks against it
          </span>
        </span>
      </div>
      <p class="small">
        <Most title="Most for it" pieces={forIt} /> <Most title="Most against it" pieces={against} />{' '}
        <span class="muted">
          In nats, over a text of average words; the sum is off by {Math.abs(explanation.error).toFixed(3)}.
        </span>
      </p>
    </div>
  );
}

function Piece({ piece, hasNumber }: { readonly piece: TintedPiece; readonly hasNumber: boolean }) {
  const { text, hasSpace, attribution, strength } = piece;
  const sign = attribution < 0 ? 'against' : 'for';
  return (
    <>
      {hasSpace && ' '}
      <span class={`tint ${sign}`} style={{ '--strength': strength.toFixed(2) }} title={signed(attribution)}>
        {text}
        {hasNumber && <span class="tint-number">{signed(attribution)}</span>}
      </span>
    </>
  );
}

function Most({ title, pieces }: { readonly title: string; readonly pieces: readonly TintedPiece[] }) {
  const told = pieces.map(({ text, attribution }) => `${text} ${signed(attribution)}`);
  return (
    <>
      {title}: <strong class="number">{told.length > 0 ? told.join(', ') : 'nothing'}</strong>.
    </>
  );
}
