"""One thread: small models gain nothing from more, and lose where others use the machine."""

import torch

torch.set_num_threads(1)
