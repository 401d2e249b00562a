import { expect, it } from 'vitest';
import { barLine, Progress, progressLine } from './progress.ts';

function recorder(isTTY: boolean) {
  const written: string[] = [];
  let time = 0;
  const stream = { isTTY, columns: 60, write: (text: string) => written.push(text) };
  return { written, progress: new Progress(stream, () => time), wait: (ms: number) => (time += ms) };
}

it('a terminal gets one bar that redraws itself and goes away', () => {
  const { written, progress, wait } = recorder(true);
  progress.update({ label: 'pretrain', fraction: 0.5, etaSeconds: 65, detail: 'loss 4.2' });
  progress.update({ label: 'pretrain', fraction: 0.51 });
  wait(200);
  progress.update({ label: 'pretrain', fraction: 0.6 });
  progress.clear();
  expect(written).toHaveLength(3);
  expect(written[0]).toContain('pretrain ████████░░░░░░░░ 50 % · 1 min 05 s left · loss 4.2');
  expect(written[0]).toHaveLength(59 + '\r\u001b[2K'.length);
  expect(written[2]).toBe('\r\u001b[2K');
});

it('elsewhere plain lines come at most every ten seconds', () => {
  const { written, progress, wait } = recorder(false);
  for (let second = 0; second < 25; second++) {
    progress.update({ label: 'pretrain', fraction: second / 100, etaSeconds: 30 });
    wait(1000);
  }
  expect(written).toEqual(['pretrain 0 % · 30 s left\n', 'pretrain 10 % · 30 s left\n', 'pretrain 20 % · 30 s left\n']);
});

it('a line without a known end has no bar', () => {
  expect(barLine({ label: 'reading', detail: '3 files' }, 79)).toBe('reading · 3 files');
});

const full = {
  label: "teacher's labels",
  fraction: 0.341,
  etaSeconds: 3723,
  detail: 'loss 4.210 · 12.3M tokens · 4.4k tokens/s · step 1200',
};

it.each([60, 80, 200])('at %d columns the time left is there, and the end of the detail is what is cut', (columns) => {
  const written: string[] = [];
  new Progress({ isTTY: true, columns, write: (text) => written.push(text) }).update(full);
  const line = written[0]?.slice('\r\u001b[2K'.length) ?? '';
  expect(line).toContain(' 34 % · 1 h 02 min left · loss');
  expect(line.length).toBeLessThan(columns);
  expect(line.endsWith('step 1200')).toBe(columns === 200);
  expect(line.match(/[█░]/g)).toHaveLength(columns === 200 ? 24 : 8);
});

it('the time left follows from the pace since the label began, unless it is given', () => {
  const { written, progress, wait } = recorder(false);
  const shown = (label: string, fraction: number, etaSeconds?: number) => {
    progress.update({ label, fraction, ...(etaSeconds === undefined ? {} : { etaSeconds }) });
    wait(10_000);
    return written.at(-1)?.trim();
  };
  expect(shown('evaluate', 0.1)).toBe('evaluate 10 %');
  expect(shown('evaluate', 0.2)).toBe('evaluate 20 % · 1 min 20 s left');
  expect(shown('evaluate', 0.6)).toBe('evaluate 60 % · 16 s left');
  expect(shown('evaluate', 0.6, 7)).toBe('evaluate 60 % · 7 s left');
  // Another label, and the same one from the start, know nothing yet.
  expect(shown('int8', 0.7)).toBe('int8 70 %');
  expect(shown('int8', 0.2)).toBe('int8 20 %');
  expect(shown('int8', 0.7)).toBe('int8 70 % · 6 s left');
});

it('updates that are not drawn count for the pace all the same', () => {
  const { written, progress, wait } = recorder(true);
  progress.update({ label: 'a', fraction: 0.9 });
  wait(50);
  progress.update({ label: 'b', fraction: 0.25 });
  wait(1000);
  progress.update({ label: 'b', fraction: 0.5 });
  expect(written.at(-1)).toContain('50 % · 2 s left');
});

it('a plain line has no bar and is whole', () => {
  expect(progressLine(full)).toBe(`teacher's labels 34 % · 1 h 02 min left · ${full.detail}`);
});
