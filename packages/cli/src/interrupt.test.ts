import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { listenForInterrupt } from './interrupt.ts';

function press() {
  const exits: number[] = [];
  const source = Object.assign(new EventEmitter(), { exit: (code: number) => void exits.push(code) });
  let time = 0;
  let told = 0;
  const interrupt = listenForInterrupt(
    source,
    () => told++,
    () => time,
  );
  return { source, exits, interrupt, told: () => told, wait: (ms: number) => (time += ms) };
}

it('the first Ctrl-C aborts the signal and the second, later one ends the process', () => {
  const { source, exits, interrupt, told, wait } = press();
  source.emit('SIGINT');
  expect(interrupt.signal.aborted).toBe(true);
  wait(50);
  source.emit('SIGINT');
  expect(exits).toEqual([]);
  wait(1000);
  source.emit('SIGINT');
  expect(exits).toEqual([130]);
  expect(told()).toBe(1);
});

it('nobody listens any more after stop', () => {
  const { source, interrupt } = press();
  interrupt.stop();
  expect(source.listenerCount('SIGINT') + source.listenerCount('SIGTERM')).toBe(0);
});
