/** Handles over TensorFlow.js tensors, the scopes they live in, and the way in and out. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { LacunaError } from '../../errors.ts';
import { expectLength } from '../../ops/shapes.ts';
import { type DType, expectShape, type Shape, sizeOf, type Tensor } from '../../tensor/tensor.ts';
import { Arithmetic } from './arithmetic.ts';
import type { Engine } from './engine.ts';

export class TfjsTensor implements Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  /** Replaced where an op works in place, as kernels never do. */
  info: TensorInfo;
  /** The scope it lives in; 0 for ever. */
  readonly scope: number;

  constructor(shape: Shape, info: TensorInfo, scope: number, dtype: DType = 'float32') {
    this.shape = shape;
    this.info = info;
    this.scope = scope;
    this.dtype = dtype;
  }
}

export class TfjsTensors {
  readonly name: string;
  readonly engine: Engine;
  readonly tf: Arithmetic;
  #running: Promise<unknown> = Promise.resolve();
  #scopes = 0;
  #scope = 0;

  constructor(name: string, engine: Engine) {
    this.name = name;
    this.engine = engine;
    this.tf = new Arithmetic(engine);
  }

  tensor(values: ArrayLike<number>, shape: Shape): Tensor {
    expectLength('tensor', 'values', values, sizeOf(shape));
    return this.handle(this.engine.float(values, shape), shape);
  }

  /** Held as float32: TensorFlow.js has no kernels over int8. */
  quantizedTensor(values: Int8Array, scales: Float32Array, shape: Shape): Tensor {
    expectShape('quantizedTensor', 'shape', shape, [-1, -1]);
    const [rows, width] = shape as [number, number];
    expectLength('quantizedTensor', 'values', values, rows * width);
    expectLength('quantizedTensor', 'scales', scales, rows);
    const floats = Float32Array.from(values, (q, i) => q * (scales[Math.floor(i / width)] as number));
    return new TfjsTensor(shape, this.engine.keep(this.engine.float(floats, shape)), 0, 'int8');
  }

  persistent(shape: Shape, values?: ArrayLike<number>): Tensor {
    if (values) expectLength('persistent', 'values', values, sizeOf(shape));
    const info = this.engine.float(values ?? new Float32Array(sizeOf(shape)), shape);
    return new TfjsTensor(shape, this.engine.keep(info), 0);
  }

  async read(tensor: Tensor): Promise<Float32Array> {
    return this.readInfo(this.info(tensor), sizeOf(tensor.shape));
  }

  /** Buffers may be longer than the tensor in them, and values not yet uploaded are the backend's own. */
  protected async readInfo(info: TensorInfo, size: number): Promise<Float32Array> {
    const values = (await this.engine.backend.read(info.dataId)) as Float32Array;
    return values.slice(0, size);
  }

  scope<T>(fn: () => Promise<T> | T): Promise<T> {
    const run = this.#running.then(async () => {
      this.#scope = ++this.#scopes;
      this.engine.enter();
      try {
        return await fn();
      } finally {
        this.engine.leave();
        this.endScope();
        this.#scope = 0;
      }
    });
    this.#running = run.catch(() => undefined);
    return run;
  }

  /** What is to be done when a scope's tensors are gone. */
  protected endScope(): void {}

  /** A kernel's result as a tensor of the running scope. */
  handle(info: TensorInfo, shape: Shape, dtype: DType = 'float32'): TfjsTensor {
    return new TfjsTensor(shape, info, this.#scope, dtype);
  }

  /** Runs kernels and makes one tensor of what they compute; everything between is dropped. */
  compute(shape: Shape, fn: (tf: Arithmetic) => TensorInfo): TfjsTensor {
    return this.handle(
      this.engine.tidy(() => fn(this.tf)),
      shape,
    );
  }

  own(tensor: Tensor): TfjsTensor {
    if (!(tensor instanceof TfjsTensor)) {
      throw new LacunaError('invalid_argument', `${this.name}: this tensor belongs to another backend.`);
    }
    if (tensor.scope !== 0 && tensor.scope !== this.#scope) {
      throw new LacunaError(
        'invalid_argument',
        `${this.name}: this tensor died with its scope. Read what is to survive.`,
      );
    }
    return tensor;
  }

  /** The kernels' view of a tensor; throws `invalid_argument` for one that died with its scope. */
  info(tensor: Tensor): TensorInfo {
    return this.own(tensor).info;
  }

  /** Puts a new value into a handle in place of the old one. */
  protected replace(tensor: Tensor, fn: (tf: Arithmetic) => TensorInfo): void {
    const own = this.own(tensor);
    const info = this.engine.tidy(() => fn(this.tf));
    const old = own.info;
    own.info = own.scope === 0 ? this.engine.keep(info) : info;
    this.engine.keep(old);
    this.engine.drop(old);
  }
}
