import { expect, it } from 'vitest';
import { Progress, progressLine } from './progress.ts';

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
  expect(written[0]).toContain('████████████░░░░░░░░░░░░ 50 % · loss 4.2');
  expect(written[0]?.length).toBeLessThanOrEqual(60 + '\r\u001b[2K'.length);
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
  expect(progressLine({ label: 'reading', detail: '3 files' }, true)).toBe('reading · 3 files');
});
