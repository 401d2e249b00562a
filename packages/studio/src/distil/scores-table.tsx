/** Two models' scores on the same held-out examples. */
import type { Comparison } from '@lacuna/client/compare';
import { duration, percent } from '../format.ts';

interface ScoresTableProps {
  readonly comparison: Comparison;
  readonly names: readonly [string, string];
  /** Rows that are not scores, e.g. bytes: the last column is what both come to. */
  readonly more?: readonly { readonly name: string; readonly values: readonly [string, string, string] }[];
}

export function ScoresTable({ comparison, names, more = [] }: ScoresTableProps) {
  const { first, second, task, texts, answers, agreement, logits } = comparison;
  const isFilling = task === 'fill-mask';
  const points = (share: number) => `${share < 0 ? '−' : '+'}${Math.abs(share * 100).toFixed(1)}`;
  const nats = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
  const rows = [
    {
      name: isFilling ? 'Top-1' : 'Accuracy',
      values: [percent(first.top1), percent(second.top1), points(second.top1 - first.top1)],
    },
    ...(isFilling
      ? [{ name: 'Top-5', values: [percent(first.top5), percent(second.top5), points(second.top5 - first.top5)] }]
      : []),
    {
      name: 'Cross-entropy, nats',
      values: [
        first.crossEntropy.toFixed(3),
        second.crossEntropy.toFixed(3),
        nats(second.crossEntropy - first.crossEntropy),
      ],
    },
    {
      name: 'Median of an answer',
      values: [
        duration(first.medianMs),
        duration(second.medianMs),
        percent(second.medianMs / Math.max(first.medianMs, 1e-6), 0),
      ],
    },
    ...more,
  ];
  return (
    <>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">Held-out</th>
            <th scope="col">{names[0]}</th>
            <th scope="col">{names[1]}</th>
            <th scope="col">Change</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, values }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {values.map((value, i) => (
                <td key={i}>{value}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="small">
        Both answer alike in <strong class="number">{percent(agreement)}</strong> of {answers.length}{' '}
        {isFilling ? 'gaps' : 'texts'}. Their logits differ by{' '}
        <strong class="number">{logits.meanDifference.toFixed(4)}</strong> on average and by{' '}
        <strong class="number">{logits.largestDifference.toFixed(3)}</strong> at most.{' '}
        <span class="muted">
          {isFilling
            ? `15 % of the tokens of ${texts} held-out texts were hidden, the same for both.`
            : `${texts} held-out texts.`}
        </span>
      </p>
    </>
  );
}
