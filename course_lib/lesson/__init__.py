"""What the set-up cell of every lecture imports: `start`, `check`, `claim`, `predict`."""
