import { describeWebgpu } from './webgpu-conformance.ts';

describeWebgpu(navigator.gpu);
