/** Tensors of the reference backend: float64 arrays on the heap, so that finite differences mean something. */
import { LacunaError } from '../../errors.ts';
import { expectLength } from '../../ops/shapes.ts';
import { type DType, expectShape, type Shape, sizeOf, type Tensor } from '../../tensor/tensor.ts';

export class ReferenceTensor implements Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly data: Float64Array;
  /** The scope it lives in; 0 for ever. */
  readonly scope: number;

  constructor(shape: Shape, data: Float64Array, scope: number, dtype: DType = 'float32') {
    this.shape = shape;
    this.data = data;
    this.scope = scope;
    this.dtype = dtype;
  }
}

export class ReferenceTensors {
  readonly name = 'reference';
  #running: Promise<unknown> = Promise.resolve();
  #scopes = 0;
  #scope = 0;

  tensor(values: ArrayLike<number>, shape: Shape): Tensor {
    expectLength('tensor', 'values', values, sizeOf(shape));
    return this.make(shape, Float64Array.from(values));
  }

  quantizedTensor(values: Int8Array, scales: Float32Array, shape: Shape): Tensor {
    expectShape('quantizedTensor', 'shape', shape, [-1, -1]);
    const [rows, width] = shape as [number, number];
    expectLength('quantizedTensor', 'values', values, rows * width);
    expectLength('quantizedTensor', 'scales', scales, rows);
    const data = Float64Array.from(values, (q, i) => q * (scales[Math.floor(i / width)] as number));
    return new ReferenceTensor(shape, data, 0, 'int8');
  }

  persistent(shape: Shape, values?: ArrayLike<number>): Tensor {
    if (values) expectLength('persistent', 'values', values, sizeOf(shape));
    return new ReferenceTensor(shape, values ? Float64Array.from(values) : new Float64Array(sizeOf(shape)), 0);
  }

  async read(tensor: Tensor): Promise<Float32Array> {
    const data = this.values(tensor);
    if (tensor.dtype === 'int32') return Int32Array.from(data) as unknown as Float32Array;
    return Float32Array.from(data);
  }

  /** The values as they are, in float64. The copy is the caller's. */
  async readExact(tensor: Tensor): Promise<Float64Array> {
    return this.values(tensor).slice();
  }

  scope<T>(fn: () => Promise<T> | T): Promise<T> {
    const run = this.#running.then(async () => {
      this.#scope = ++this.#scopes;
      try {
        return await fn();
      } finally {
        this.#scope = 0;
      }
    });
    this.#running = run.catch(() => undefined);
    return run;
  }

  /** A tensor of the running scope over `data` (zeros without). */
  make(shape: Shape, data: Float64Array = new Float64Array(sizeOf(shape)), dtype: DType = 'float32'): ReferenceTensor {
    return new ReferenceTensor(shape, data, this.#scope, dtype);
  }

  /** The values themselves; throws `invalid_argument` for a tensor that died with its scope. */
  values(tensor: Tensor): Float64Array {
    if (!(tensor instanceof ReferenceTensor)) {
      throw new LacunaError('invalid_argument', 'reference: this tensor belongs to another backend.');
    }
    if (tensor.scope !== 0 && tensor.scope !== this.#scope) {
      throw new LacunaError('invalid_argument', 'reference: this tensor died with its scope. Read what is to survive.');
    }
    return tensor.data;
  }

  /** A new tensor of x's shape with `f` of every element. */
  map(x: Tensor, f: (value: number, index: number) => number): ReferenceTensor {
    return this.make(x.shape, this.values(x).map(f));
  }
}
