/** Sums and maxima over a workgroup, by subgroup operations where the device has them. */

/**
 * WGSL functions `sumAll(x : f32) -> f32` and `maxAll(x : f32) -> f32` that every invocation of the workgroup calls
 * together; all get the result. The order of a sum depends on nothing but the device.
 */
export function reductions(workgroupSize: number, subgroups: boolean): string {
  return [
    `var<workgroup> partials : array<f32, ${workgroupSize}>;`,
    reduction('sumAll', workgroupSize, subgroups && 'subgroupAdd', '0.0', (a, b) => `${a} + ${b}`),
    reduction('maxAll', workgroupSize, subgroups && 'subgroupMax', '-3.4e38', (a, b) => `max(${a}, ${b})`),
  ].join('\n');
}

function reduction(
  name: string,
  workgroupSize: number,
  within: string | false,
  identity: string,
  combine: (a: string, b: string) => string,
): string {
  if (!within) {
    return /* wgsl */ `
fn ${name}(x : f32) -> f32 {
  partials[localIndex] = x;
  workgroupBarrier();
  for (var half = ${workgroupSize / 2}u; half > 0u; half = half / 2u) {
    if (localIndex < half) {
      partials[localIndex] = ${combine('partials[localIndex]', 'partials[localIndex + half]')};
    }
    workgroupBarrier();
  }
  let all = partials[0];
  workgroupBarrier();
  return all;
}`;
  }
  // Nothing says which invocations share a subgroup, so its result stands in the slot of whichever was elected.
  return /* wgsl */ `
fn ${name}(x : f32) -> f32 {
  let part = ${within}(x);
  partials[localIndex] = select(${identity}, part, subgroupElect());
  workgroupBarrier();
  var all = partials[0];
  for (var i = 1u; i < ${workgroupSize}u; i++) { all = ${combine('all', 'partials[i]')}; }
  workgroupBarrier();
  return all;
}`;
}
