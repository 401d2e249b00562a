"""The step that `lacuna bench train` times, in PyTorch: a line on stdin is a step, its loss a line on stdout."""

import json
import sys

import torch

import model
from masking import SPECIAL_TOKENS, mask
from train import masked_loss

shape = json.loads(sys.argv[1])
generator = torch.Generator().manual_seed(1)
torch.set_num_threads(shape["threads"])
size = (shape["batchSize"], shape["length"])
ids = torch.randint(SPECIAL_TOKENS, shape["vocabSize"], size, generator=generator)
batch = mask(ids, round(shape["length"] * shape["ratio"]), generator)
params = {name: value.requires_grad_() for name, value in model.initial_parameters(shape, generator).items()}
rotary = model.rotary_table(shape)
optimizer = torch.optim.AdamW(params.values(), lr=1e-3, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.1)
for _ in sys.stdin:
    optimizer.zero_grad(set_to_none=True)
    states = model.gap_states(params, shape, batch, rotary)
    loss = masked_loss(model.gap_logits(params, states), batch.labels)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(list(params.values()), 1.0)
    optimizer.step()
    print(loss.item(), flush=True)
