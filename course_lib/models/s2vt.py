"""S2VT: one stack of two LSTMs first watches the video, then writes the sentence.

Subhashini Venugopalan, Marcus Rohrbach, Jeff Donahue, Raymond Mooney, Trevor Darrell, Kate Saenko, "Sequence to
Sequence - Video to Text", ICCV 2015, arXiv:1505.00487. While the frames come, the lower LSTM reads them and the upper
one gets no words; then the frames end, zeros come in their place, and the upper LSTM reads the words written so far.
The state goes on from one half to the other, and the weights are the same. With the 46,168 words of the release there
are 87.36 million parameters.

Differences from the paper, and what decides correctness:
- the upper LSTM reads [word ; output of the lower LSTM], the word first. The other order has the same shapes and loads
  the same weights without complaint, and says something else.
- in the place of frames and words that are not there come zeros of the *embeddings* (as in the public PyTorch code), so
  that no bias gets in; the Caffe release sends zero frames through the embedding.
- the released model has 1000 units and embeddings of 500; the public PyTorch weights have 500 and 500. `from_published`
  reads all sizes from the weights.
- id 0 ends a sentence and is also the first word that the decoder is given; the public PyTorch code begins with another
  id: `greedy(..., begin=...)`.
- dropout on the frames and on the upper LSTM's output, as in the public PyTorch code.
- torch's LSTM has two biases per layer, Caffe's has one: 8,000 numbers more, the same function.
"""

import torch
from torch import nn

from course_lib.errors import check_shape
from course_lib.models.published import load_published, read_state_dict
from course_lib.models.recurrent_cells import lstm_gates

FEATURES, EMBED, HIDDEN = 4096, 500, 1000  # fc7 of a frame; frames and words embedded; units of each LSTM
STEPS = 80  # frames and words together in the paper's training; longer videos lose their last frames
PUBLIC = {"linear1": "frame", "linear2": "out", "embedding": "word"}  # names in the public PyTorch code


class S2VT(nn.Module):
    """Video to text; a decoder for `course_lib.models.decoding`.

    Args:
        num_words: V, size of the vocabulary.
        features: D, numbers per frame, from a CNN (RGB: trained on objects; flow: trained on actions).
        embed: size of the embeddings of frames and of words. hidden: units of each LSTM. dropout: see above.
    """

    def __init__(self, num_words, *, features=FEATURES, embed=EMBED, hidden=HIDDEN, dropout=0.5):
        super().__init__()
        self.frame = nn.Linear(features, embed)
        self.word = nn.Embedding(num_words, embed)
        self.lstm1 = nn.LSTM(embed, hidden, batch_first=True)
        self.lstm2 = nn.LSTM(embed + hidden, hidden, batch_first=True)
        self.out = nn.Linear(hidden, num_words)
        self.dropout = nn.Dropout(dropout)

    @classmethod
    def mini(cls, num_words, features=48):
        """The same network with 64 units and embeddings of 32, without dropout, for two CPU cores."""
        return cls(num_words, features=features, embed=32, hidden=64, dropout=0.0)

    @classmethod
    def from_published(cls, source):
        """S2VT with published weights; all sizes are read from them.

        Args:
            source: path or state dict with the keys `linear1.weight`, `linear2.weight`, `embedding.weight`,
                `lstm1.weight_ih_l0` ... of the public PyTorch code, or with our own names.
        Raises:
            CourseError: names the keys that do not fit.
        """
        state = {_our_name(key): tensor for key, tensor in read_state_dict(source).items()}
        shapes = {key: tuple(tensor.shape) for key, tensor in state.items() if tensor.ndim == 2}
        embed, features = shapes.get("frame.weight", (EMBED, FEATURES))
        num_words, hidden = shapes.get("out.weight", (1, HIDDEN))
        model = cls(num_words, features=features, embed=embed, hidden=hidden)
        load_published(model, state)
        return model.eval()

    def forward(self, frames, words):
        """Scores of the next word after each word, with the true words given ("teacher forcing").

        Args:
            frames: (B, T, D). words: (B, L) long, what the decoder is given: the first is the beginning's id.
        Returns:
            (B, L, V): at place l the scores of the word that follows words[:, l].
        """
        check_shape(words, "B L", "words")
        states, _ = self.lstm2(self._upper_inputs(frames, words))
        return self.out(self.dropout(states[:, frames.shape[1] :]))

    def start(self, frames):
        """Watch: (B, T, D) -> the states of both LSTMs."""
        check_shape(frames, f"B T {self.frame.in_features}", "frames")
        below, state1 = self.lstm1(self.frame(self.dropout(frames)))
        no_words = below.new_zeros(*below.shape[:2], self.word.embedding_dim)
        return state1, self.lstm2(torch.cat([no_words, below], dim=2))[1]

    def step(self, words, state):
        """Write one word: the last words (B,) and the states -> scores of the next (B, V), and the states."""
        embedded = self.word(words).unsqueeze(1)
        below, state1 = self.lstm1(embedded.new_zeros(len(words), 1, self.frame.out_features), state[0])
        above, state2 = self.lstm2(torch.cat([embedded, below], dim=2), state[1])
        return self.out(self.dropout(above[:, 0])), (state1, state2)

    @torch.no_grad()
    def gates(self, frames, words):
        """What the upper LSTM does at each of the T + L steps: {"input", "forget", ...: (B, T+L, hidden)}."""
        return lstm_gates(self.lstm2, self._upper_inputs(frames, words))[2]

    def _upper_inputs(self, frames, words):
        """What the upper LSTM reads at all T + L steps: (B, T+L, embed + hidden), the word first."""
        check_shape(frames, f"B T {self.frame.in_features}", "frames")
        seen, written = self.frame(self.dropout(frames)), self.word(words)  # (B, T, E), (B, L, E)
        below, _ = self.lstm1(torch.cat([seen, torch.zeros_like(written)], dim=1))
        return torch.cat([torch.cat([torch.zeros_like(seen), written], dim=1), below], dim=2)


def _our_name(key):
    layer, _, kind = key.rpartition(".")
    return f"{PUBLIC.get(layer, layer)}.{kind}"
