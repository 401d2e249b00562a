/** The edge's modules: the forward pass, built for a runtime that checks the bounds of every access (see `gemm-tile.ts`). */
export * from './inference';

/** Its presence is what `isDefined` asks for. */
// @ts-ignore: decorator
@global
const EDGE_BUILD: bool = true;
