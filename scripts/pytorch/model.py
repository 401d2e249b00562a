"""The masked autoencoder of packages/core/src/model in PyTorch: the same weights, by the same names, give the same answers.

Shapes: B texts, T tokens each, of which Tv are visible and G removed; C hiddenSize, F intermediateSize, V vocabSize.
Only what Lacuna's configs make by default: cross-attention, seeded queries, one table for input and output.
"""

import math

import torch
from torch.nn import functional as F

TABLE = "embeddings.word_embeddings.weight"


def parameter_shapes(config):
    """Every parameter's shape, in the order of `parameterShapes` in packages/core/src/model/parameters.ts."""
    if config["objective"] != "mae" or config["decoderQueries"] != "seeded" or config.get("decoderAttention") == "self":
        raise SystemExit("model: expected a masked autoencoder with cross-attention and seeded queries.")
    if config.get("tieWordEmbeddings") is False:
        raise SystemExit("model: expected one table for input and output.")
    C, inner, V = config["hiddenSize"], config["intermediateSize"], config["vocabSize"]
    shapes = {TABLE: (V, C)}

    def feed_forward(layer):
        shapes[f"{layer}.intermediate.norm.weight"] = (C,)
        shapes[f"{layer}.intermediate.dense.weight"] = (2 * inner, C)
        shapes[f"{layer}.output.dense.weight"] = (C, inner)

    for i in range(config["numHiddenLayers"]):
        shapes[f"encoder.layer.{i}.attention.norm.weight"] = (C,)
        shapes[f"encoder.layer.{i}.attention.qkv.weight"] = (3 * C, C)
        shapes[f"encoder.layer.{i}.attention.output.dense.weight"] = (C, C)
        feed_forward(f"encoder.layer.{i}")
    shapes["encoder.norm.weight"] = (C,)
    shapes["decoder.query.bias"] = (C,)
    shapes["decoder.query.left.weight"] = (C, C)
    shapes["decoder.query.right.weight"] = (C, C)
    for i in range(config["numDecoderLayers"]):
        shapes[f"decoder.layer.{i}.crossattention.norm.weight"] = (C,)
        shapes[f"decoder.layer.{i}.crossattention.query.weight"] = (C, C)
        shapes[f"decoder.layer.{i}.crossattention.key_value.weight"] = (2 * C, C)
        shapes[f"decoder.layer.{i}.crossattention.output.dense.weight"] = (C, C)
        feed_forward(f"decoder.layer.{i}")
    shapes["decoder.norm.weight"] = (C,)
    shapes["cls.predictions.bias"] = (V,)
    return shapes


def is_decayed(name):
    """Matrices decay; norms and biases do not."""
    return not name.endswith(("norm.weight", "bias"))


def initial_parameters(config, generator=None):
    """N(0, sqrt(2/5C)) cut at two deviations, divided by sqrt(2 * layers) where it writes to the residual stream."""
    params = {}
    for name, shape in parameter_shapes(config).items():
        if name.endswith("norm.weight"):
            params[name] = torch.ones(shape)
        elif name.endswith("bias"):
            params[name] = torch.zeros(shape)
        else:
            layers = config["numDecoderLayers"] if name.startswith("decoder") else config["numHiddenLayers"]
            deviation = math.sqrt(2 / (5 * config["hiddenSize"]))
            if name.endswith("output.dense.weight"):
                deviation /= math.sqrt(2 * layers)
            values = torch.randn(shape, generator=generator)
            while (far := values.abs() > 2).any():
                values[far] = torch.randn(int(far.sum()), generator=generator)
            params[name] = values * deviation
    return params


def rotary_table(config, device=None):
    """cos and sin a position, (T, D/2) each; the angles of halves, as packages/core rotates them."""
    D = config["hiddenSize"] // config["numAttentionHeads"]
    frequencies = config["ropeTheta"] ** (-2 * torch.arange(D // 2, dtype=torch.float64) / D)
    angles = torch.arange(config["maxPositionEmbeddings"], dtype=torch.float64)[:, None] * frequencies
    return angles.cos().float().to(device), angles.sin().float().to(device)


def rms_norm(x, weight, eps):
    x = x.float()
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps) * weight


def rotate(x, cos, sin):
    """(B, H, T, D) by tables (B, 1, T, D/2)."""
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1).to(x.dtype)


def heads(x, count):
    return x.view(x.shape[0], x.shape[1], count, -1).transpose(1, 2)  # (B, H, T, D)


def attend(q, k, v):
    if hasattr(F, "scaled_dot_product_attention"):
        mixed = F.scaled_dot_product_attention(q, k, v)
    else:  # before PyTorch 2
        mixed = (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])).softmax(-1) @ v
    return mixed.transpose(1, 2).flatten(2)  # (B, T, C)


def feed_forward(x, norm, dense, output, eps):
    a, b = F.linear(rms_norm(x, norm, eps), dense).chunk(2, -1)
    return x + F.linear(F.gelu(a) * b, output)


def encoder_layer(x, cos, sin, weights, count, eps):
    """(B, Tv, C) -> (B, Tv, C)"""
    norm, qkv, output, *inner = weights
    q, k, v = (heads(part, count) for part in F.linear(rms_norm(x, norm, eps), qkv).chunk(3, -1))
    x = x + F.linear(attend(rotate(q, cos, sin), rotate(k, cos, sin), v), output)
    return feed_forward(x, *inner, eps)


def decoder_layer(x, encoded, queries, keys, weights, count, eps):
    """Gaps (B, G, C) attend to what the encoder made of the visible tokens, (B, Tv, C)."""
    norm, query, key_value, output, *inner = weights
    k, v = (heads(part, count) for part in F.linear(encoded, key_value).chunk(2, -1))
    q = heads(F.linear(rms_norm(x, norm, eps), query), count)
    x = x + F.linear(attend(rotate(q, *queries), rotate(k, *keys), v), output)
    return feed_forward(x, *inner, eps)


def gap_queries(encoded, left, right, vector, left_weight, right_weight):
    """A learned vector plus maps of the nearest visible states; -1 in `left`, `right` (B, G) where there is none."""

    def gather(rows):
        picked = encoded.gather(1, rows.clamp(min=0)[..., None].expand(-1, -1, encoded.shape[-1]))
        return picked * (rows >= 0)[..., None]

    return F.linear(gather(left), left_weight) + F.linear(gather(right), right_weight) + vector


EAGER = {"encoder_layer": encoder_layer, "decoder_layer": decoder_layer, "gap_queries": gap_queries}
COMPILED = {}


def compile_layers(**options):
    """Compiles the parts that repeat: much sooner done than the whole model."""
    COMPILED.update({name: torch.compile(function, **options) for name, function in EAGER.items()})


ENCODER_PARTS = ("attention.norm", "attention.qkv", "attention.output.dense")
DECODER_PARTS = ("crossattention.norm", "crossattention.query", "crossattention.key_value", "crossattention.output.dense")
FEED_FORWARD_PARTS = ("intermediate.norm", "intermediate.dense", "output.dense")


def weights_of(params, layer, parts):
    return [params[f"{layer}.{part}.weight"] for part in parts + FEED_FORWARD_PARTS]


def gap_states(params, config, batch, rotary, compiled=True):
    """The decoder's states at the gaps, (B * G, C). `batch` is what `mask` made."""
    layers = COMPILED if compiled and COMPILED else EAGER
    count, eps = config["numAttentionHeads"], config["normEps"]
    keys, queries = (tuple(table[at][:, None] for table in rotary) for at in (batch.visible_positions, batch.gap_positions))
    x = F.embedding(batch.visible_ids, params[TABLE])
    for i in range(config["numHiddenLayers"]):
        weights = weights_of(params, f"encoder.layer.{i}", ENCODER_PARTS)
        x = layers["encoder_layer"](x, *keys, weights, count, eps)
    encoded = rms_norm(x, params["encoder.norm.weight"], eps)
    x = layers["gap_queries"](
        encoded,
        batch.left,
        batch.right,
        params["decoder.query.bias"],
        params["decoder.query.left.weight"],
        params["decoder.query.right.weight"],
    )
    for i in range(config["numDecoderLayers"]):
        weights = weights_of(params, f"decoder.layer.{i}", DECODER_PARTS)
        x = layers["decoder_layer"](x, encoded, queries, keys, weights, count, eps)
    return rms_norm(x, params["decoder.norm.weight"], eps).flatten(0, 1)


def gap_logits(params, states):
    """(B * G, C) -> (B * G, V)"""
    return F.linear(states, params[TABLE], params["cls.predictions.bias"].to(states.dtype))
