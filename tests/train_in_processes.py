"""What test_train.py runs under torchrun: train on shares of each batch and write the history."""

import json
import sys

import torch
import torch.distributed as dist

from course_lib.train import Checkpoint, fit, join_processes, leave_processes
from tests.test_train import batch, plain_model, twins, twins_loss


def main(folder):
    join_processes()
    model = plain_model()
    history = fit(model, batch, 24, schedule="constant", checkpoint=Checkpoint(f"{folder}/net.pt", every=10))
    siamese = fit(plain_model(), twins, 6, loss=twins_loss)
    if dist.get_rank() == 0:
        weights = [value.item() for value in torch.cat([p.flatten() for p in model.parameters()])]
        with open(f"{folder}/history.json", "w") as file:
            said = {"processes": dist.get_world_size(), "loss": history.loss, "siamese": siamese.loss}
            json.dump({**said, "weights": weights}, file)
    leave_processes()


if __name__ == "__main__":
    main(sys.argv[1])
