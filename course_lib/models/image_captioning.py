"""A picture starts the RNN: what the CNN says becomes the first state, and the RNN says it in words.

The simplest join of a CNN and an RNN, after Andrej Karpathy, Li Fei-Fei, "Deep Visual-Semantic Alignments for
Generating Image Descriptions", CVPR 2015, arXiv:1412.2306, and Karpathy's lectures. Slides call it image tagging; since
it writes a sentence, word after word, image captioning is the better name.

Differences from the paper: there the picture is added to the input of the first step. Here, as on the slides that this
course follows, it is the state before the first step, h_0 = tanh(W v + b).
"""

from torch import nn

from course_lib.errors import check_shape


class ImageCaptioner(nn.Module):
    """A decoder for `course_lib.models.decoding` that starts from a picture.

    Args:
        num_words: V, size of the vocabulary.
        features: D, numbers that the CNN has for a picture. embed: size of a word's embedding. hidden: units.
    """

    def __init__(self, num_words, *, features=4096, embed=256, hidden=256):
        super().__init__()
        self.picture = nn.Linear(features, hidden)
        self.word = nn.Embedding(num_words, embed)
        self.rnn = nn.RNN(embed, hidden, batch_first=True)
        self.out = nn.Linear(hidden, num_words)

    def start(self, features):
        """h_0 from what the CNN says: (B, D) -> (1, B, hidden)."""
        check_shape(features, f"B {self.picture.in_features}", "features")
        return self.picture(features).tanh().unsqueeze(0)

    def step(self, words, state):
        """The last words (B,) and the state -> scores of the next (B, V), and the state."""
        states, state = self.rnn(self.word(words).unsqueeze(1), state)
        return self.out(states[:, 0]), state

    def as_numbers(self):
        """What a decoder by hand needs: each word's row of the next state's sum (V, hidden), W_hh, W_out and b_out."""
        rnn = self.rnn
        table = self.word.weight @ rnn.weight_ih_l0.T + rnn.bias_ih_l0 + rnn.bias_hh_l0
        return table, rnn.weight_hh_l0, self.out.weight, self.out.bias

    def forward(self, features, words):
        """Teacher forcing: (B, D) and the words given (B, L) -> scores of the next word after each (B, L, V)."""
        return self.out(self.rnn(self.word(words), self.start(features))[0])
