/** In Node, where Dawn finds an adapter. In Chromium the same suite runs in any case. */
import { describe, it } from 'vitest';
import { dawnGpu } from '../load-node.ts';
import { describeWebgpu } from './webgpu-conformance.ts';

const gpu = await dawnGpu().catch(() => undefined);
const adapter = await gpu?.requestAdapter();
if (gpu && adapter) describeWebgpu(gpu);
else describe('webgpu in Node', () => it.skip('finds no adapter on this machine', () => {}));
