/** What an ONNX file says, read back field by field. Whether it computes what the model does: `tests/onnx.test.ts`. */
import { describe, expect, it } from 'vitest';
import { type Artifact, readArtifact, writeArtifact } from '../artifact/artifact.ts';
import { CONFIGS, type ModelConfig, mlmControl, SPECIAL_TOKENS } from '../model/config.ts';
import { initialParameters, parameterShapes } from '../model/parameters.ts';
import { dequantizeRows, quantizeRows } from '../quantize/int8.ts';
import { Random } from '../random/random.ts';
import { tokenizerJson } from '../text/tokenizer-json.ts';
import { writeOnnx } from './onnx.ts';

const pieces = [...SPECIAL_TOKENS, ...'the cat sat on a mat ##s'.split(' ')];
const config: ModelConfig = { ...CONFIGS.tiny, vocabSize: pieces.length, hiddenSize: 16, intermediateSize: 24 };
const TABLE = 'embeddings.word_embeddings.weight';

function artifactOf(of: ModelConfig, labels: readonly string[] = [], quantization: 'int8' | 'none' = 'none') {
  const head = labels.length > 0 ? { numLabels: labels.length } : undefined;
  const params = initialParameters(of, new Random(1), head);
  const parts = { name: 'a.model', config: of, labels, tokenizer: tokenizerJson(pieces), quantization };
  return writeArtifact({ ...parts, ...(head ? { head } : {}), params, metrics: { top1: 0.5 } }).then(readArtifact);
}

type Fields = ReadonlyMap<number, readonly (number | Uint8Array)[]>;

/** A message's fields by number; varints as numbers, 4 bytes and lengths as bytes. */
function fieldsOf(bytes: Uint8Array): Fields {
  const fields = new Map<number, (number | Uint8Array)[]>();
  let at = 0;
  const varint = () => {
    for (let value = 0, factor = 1; ; factor *= 128) {
      const byte = bytes[at++] as number;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  const take = (length: number) => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const key = varint();
    const value = key % 8 === 0 ? varint() : take(key % 8 === 5 ? 4 : varint());
    fields.set(key >> 3, [...(fields.get(key >> 3) ?? []), value]);
  }
  expect(at).toBe(bytes.length);
  return fields;
}

const messages = (fields: Fields, field: number) =>
  (fields.get(field) ?? []).map((value) => fieldsOf(value as Uint8Array));
const string = (fields: Fields, field: number) => new TextDecoder().decode(fields.get(field)?.[0] as Uint8Array);

/** `name` and its sizes, the unknown ones by name. */
function described(info: Fields): unknown[] {
  const [type] = messages(info, 2).flatMap((of) => messages(of, 1)) as [Fields];
  const sizes = messages(type, 2).flatMap((shape) => messages(shape, 1));
  const elements = { 1: 'float', 7: 'int64' }[type.get(1)?.[0] as number];
  return [string(info, 1), elements, ...sizes.map((size) => size.get(1)?.[0] ?? string(size, 2))];
}

function read(artifact: Artifact) {
  const model = fieldsOf(writeOnnx(artifact));
  const [graph] = messages(model, 7) as [Fields];
  const [opset] = messages(model, 8) as [Fields];
  const tensors = messages(graph, 5).map((tensor) => {
    const [raw] = tensor.get(9) as [Uint8Array];
    return [string(tensor, 8), { shape: tensor.get(1) ?? [], type: tensor.get(2)?.[0], raw: raw.slice() }] as const;
  });
  return {
    irVersion: model.get(1)?.[0],
    opset: [string(opset, 1), opset.get(2)?.[0]],
    metadata: Object.fromEntries(messages(model, 14).map((entry) => [string(entry, 1), string(entry, 2)])),
    inputs: messages(graph, 11).map(described),
    outputs: messages(graph, 12).map(described),
    names: tensors.map(([name]) => name),
    tensors: Object.fromEntries(tensors),
  };
}

const floats = (tensor: { raw: Uint8Array } | undefined) => new Float32Array(tensor?.raw.buffer as ArrayBuffer);

describe('an ONNX file', () => {
  it('names its inputs and outputs, sizes of batch and text free', async () => {
    const mae = read(await artifactOf(config));
    expect([mae.irVersion, mae.opset]).toEqual([8, ['', 17]]);
    expect(mae.inputs).toEqual([
      ['input_ids', 'int64', 'batch', 'visible'],
      ['position_ids', 'int64', 'batch', 'visible'],
      ['gap_positions', 'int64', 'batch', 'gaps'],
    ]);
    expect(mae.outputs).toEqual([['logits', 'float', 'batch', 'gaps', 12]]);
    expect(read(await artifactOf(mlmControl(config))).inputs).toEqual([
      ['input_ids', 'int64', 'batch', 'tokens'],
      ['gap_positions', 'int64', 'batch', 'gaps'],
    ]);
    const classifier = read(await artifactOf(config, ['good', 'bad', 'odd']));
    expect(classifier.inputs).toEqual([
      ['input_ids', 'int64', 'batch', 'tokens'],
      ['attention_mask', 'int64', 'batch', 'tokens'],
    ]);
    expect(classifier.outputs).toEqual([['logits', 'float', 'batch', 3]]);
  });

  it('says of itself what the artifact says', async () => {
    const { metadata } = read(await artifactOf(config, ['good', 'bad'], 'int8'));
    expect({ ...metadata, config: JSON.parse(metadata.config ?? '') }).toEqual({
      'lacuna.onnx': '1',
      name: 'a.model',
      task: 'text-classification',
      config,
      labels: '["good","bad"]',
      multiLabel: 'false',
      quantization: 'int8',
      metrics: '{"top1":0.5}',
      provenance: 'null',
      tokenizer: pieces.join(' '),
    });
  });

  it('holds every parameter once, matrices but the table turned', async () => {
    const artifact = await artifactOf(config);
    const { names, tensors } = read(artifact);
    const expected = parameterShapes(config);
    expect(names.filter((name) => name in expected).sort()).toEqual(Object.keys(expected).sort());
    expect(new Set(names).size).toBe(names.length);
    const params = initialParameters(config, new Random(1));
    expect(floats(tensors[TABLE])).toEqual(params[TABLE]);
    const name = 'encoder.layer.0.attention.qkv.weight';
    expect(tensors[name]).toMatchObject({ shape: [16, 48], type: 1 });
    // Row 5, column 3 of the model's (O, I) is row 3, column 5 of the file's (I, O).
    expect(floats(tensors[name])[3 * 48 + 5]).toBe(params[name]?.[5 * 16 + 3]);
  });

  it('holds of int8 weights the values that they stand for', async () => {
    const { tensors } = read(await artifactOf(config, [], 'int8'));
    const values = initialParameters(config, new Random(1))[TABLE] as Float32Array;
    const rounded = dequantizeRows(quantizeRows(values, [12, 16]));
    expect(floats(tensors[TABLE])).toEqual(rounded);
    expect(rounded).not.toEqual(values);
  });

  it('is the same bytes for the same artifact', async () => {
    const artifact = await artifactOf(config);
    expect(Buffer.from(writeOnnx(artifact)).equals(writeOnnx(artifact))).toBe(true);
  });

  it('is refused for weights that one file cannot hold, and for weights that are not there', async () => {
    const artifact = await artifactOf(config);
    const large = { ...artifact, config: { ...config, vocabSize: 2 ** 21, hiddenSize: 256 } };
    expect(() => writeOnnx(large)).toThrow(
      expect.objectContaining({ code: 'unsupported_format', message: expect.stringContaining('at most 2 GB') }),
    );
    const { [TABLE]: _, ...weights } = artifact.weights;
    expect(() => writeOnnx({ ...artifact, weights })).toThrow(
      expect.objectContaining({ code: 'checkpoint_mismatch', facts: { name: TABLE } }),
    );
  });
});
