"""The step that `lacuna bench train` times, in PyTorch: a line on stdin is a step, its loss a line on stdout."""

import json
import math
import sys

import torch
from torch import nn
from torch.nn import functional as F

shape = json.loads(sys.argv[1])
torch.manual_seed(1)
torch.set_num_threads(shape["threads"])
C, HEADS, INNER, V = (shape[k] for k in ("hiddenSize", "numAttentionHeads", "intermediateSize", "vocabSize"))
B, T = shape["batchSize"], shape["length"]
GAPS = round(T * shape["ratio"])
D = C // HEADS


class RMSNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(C))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + shape["normEps"]) * self.weight


def linear(outputs, inputs):
    layer = nn.Linear(inputs, outputs, bias=False)
    nn.init.trunc_normal_(layer.weight, std=math.sqrt(2 / (5 * C)))
    return layer


def rotary(positions):
    """cos and sin of (B, T) positions -> (B, 1, T, D/2)."""
    frequencies = shape["ropeTheta"] ** (-2 * torch.arange(D // 2) / D)
    angles = positions[:, None, :, None] * frequencies
    return angles.cos(), angles.sin()


def rotate(x, table):
    cos, sin = table
    a, b = x[..., : D // 2], x[..., D // 2 :]
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


def heads(x):
    return x.view(B, -1, HEADS, D).transpose(1, 2)  # (B, H, T, D)


def attend(q, k, v):
    scores = q @ k.transpose(-1, -2) / math.sqrt(D)
    return (scores.softmax(-1) @ v).transpose(1, 2).reshape(B, -1, C)


class FeedForward(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.dense, self.output = RMSNorm(), linear(2 * INNER, C), linear(C, INNER)

    def forward(self, x):
        a, b = self.dense(self.norm(x)).chunk(2, -1)
        return x + self.output(F.gelu(a) * b)


class EncoderLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.qkv, self.output = RMSNorm(), linear(3 * C, C), linear(C, C)
        self.feed_forward = FeedForward()

    def forward(self, x, table):
        q, k, v = map(heads, self.qkv(self.norm(x)).chunk(3, -1))
        x = x + self.output(attend(rotate(q, table), rotate(k, table), v))
        return self.feed_forward(x)


class DecoderLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.query, self.key_value = RMSNorm(), linear(C, C), linear(2 * C, C)
        self.output, self.feed_forward = linear(C, C), FeedForward()

    def forward(self, x, encoded, queries, keys):
        k, v = map(heads, self.key_value(encoded).chunk(2, -1))
        q = heads(self.query(self.norm(x)))
        x = x + self.output(attend(rotate(q, queries), rotate(k, keys), v))
        return self.feed_forward(x)


class MaskedAutoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.randn(V, C) * math.sqrt(2 / (5 * C)))
        self.encoder = nn.ModuleList(EncoderLayer() for _ in range(shape["numHiddenLayers"]))
        self.encoder_norm, self.decoder_norm = RMSNorm(), RMSNorm()
        self.query, self.left, self.right = nn.Parameter(torch.zeros(C)), linear(C, C), linear(C, C)
        self.decoder = nn.ModuleList(DecoderLayer() for _ in range(shape["numDecoderLayers"]))
        self.bias = nn.Parameter(torch.zeros(V))

    def forward(self, ids, visible, gaps, labels, left, right):
        keys, queries = rotary(visible), rotary(gaps)
        x = F.embedding(ids, self.table)
        for layer in self.encoder:
            x = layer(x, keys)
        encoded = self.encoder_norm(x)
        rows = torch.arange(B)[:, None]
        x = self.query + self.left(encoded[rows, left]) + self.right(encoded[rows, right])
        for layer in self.decoder:
            x = layer(x, encoded, queries, keys)
        logits = self.decoder_norm(x).view(-1, C) @ self.table.t() + self.bias
        normaliser = logits.logsumexp(-1)
        return F.cross_entropy(logits, labels.view(-1)) + 1e-4 * normaliser.pow(2).mean()


order = torch.rand(B, T).argsort(-1)
gap_positions, visible_positions = order[:, :GAPS].sort(-1).values, order[:, GAPS:].sort(-1).values
tokens = torch.randint(5, V, (B, T))
visible_ids, gap_labels = tokens.gather(1, visible_positions), tokens.gather(1, gap_positions)
after = torch.searchsorted(visible_positions, gap_positions)
left_rows, right_rows = (after - 1).clamp(min=0), after.clamp(max=T - GAPS - 1)

model = MaskedAutoencoder()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.1)
for _ in sys.stdin:
    optimizer.zero_grad(set_to_none=True)
    loss = model(visible_ids, visible_positions, gap_positions, gap_labels, left_rows, right_rows)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    print(loss.item(), flush=True)
