"""Loss and gradients of scripts/pytorch for a folder with weights, a batch and perhaps a teacher: the oracle's other side."""

import json
import sys
from pathlib import Path

import torch
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts" / "pytorch"))
import model
from masking import batch_with_gaps
from train import HIDDEN, masked_loss, taught_loss
from weights import read_weights, write_weights

folder = Path(sys.argv[1])
weights, metadata = read_weights(folder / "weights.safetensors")
config = json.loads(metadata["config"])
given = json.loads((folder / "batch.json").read_text())
ids = torch.tensor(given["ids"])
removed = torch.tensor(given["removed"], dtype=torch.bool)
batch = batch_with_gaps(ids, removed, int(removed[0].sum()))
params = {name: value.requires_grad_() for name, value in weights.items()}
rotary = model.rotary_table(config)
states = model.gap_states(params, config, batch, rotary)
logits = model.gap_logits(params, states)
if (folder / "teacher.safetensors").exists():
    teacher, _ = read_weights(folder / "teacher.safetensors")
    taught = model.gap_states(teacher, config, batch, rotary)
    loss = taught_loss(logits, batch.labels, model.gap_logits(teacher, taught))
    loss = loss + HIDDEN * (1 - F.cosine_similarity(states, taught, dim=-1)).mean()
else:
    loss = masked_loss(logits, batch.labels)
loss.backward()
write_weights(folder / "gradients.safetensors", {name: value.grad for name, value in params.items()}, {})
print(loss.item())
