"""LRCN: a CNN looks at every frame, an LSTM looks at what the CNN says.

Jeff Donahue, Lisa Anne Hendricks, Sergio Guadarrama, Marcus Rohrbach, Subhashini Venugopalan, Kate Saenko, Trevor
Darrell, "Long-term Recurrent Convolutional Networks for Visual Recognition and Description", CVPR 2015,
arXiv:1411.4389. The network for activity recognition (LRCN-fc6): 65.4 million parameters for 101 classes, clips of 16
frames of 227 x 227. It scores the classes after every frame; the video's prediction is the average over time.

What else belongs to the lecture: the cells, step by step (`recurrent_cells`), pooling and LSTMs over long clips
(`long_clips`), the LSTM composite model (`lstm_composite`), captions of pictures (`image_captioning`) and of videos
(`s2vt`).

Differences from the paper, and what decides correctness:
- the released prototxt decides the sizes: conv2 has stride 2 and 384 channels, normalisation comes after the pool.
- Caffe's LSTM has one bias per layer, torch's has two: 65,421,285 parameters there, 65,422,309 here, the same function.
- Caffe stacks the four layers as input, forget, output, candidate; torch as input, forget, candidate, output.
- the RGB network has 256 hidden units, the flow network 1024 (from memory, not looked up again).
- pools round up, as Caffe does. Weights start from He's rule; the authors started from ImageNet.
"""

import math

import torch
from torch import nn
from torch.nn.functional import cross_entropy, interpolate, local_response_norm

from course_lib.errors import CourseError, check_shape
from course_lib.models.caffemodel import is_caffemodel, read_caffemodel
from course_lib.models.layers import he, start_small
from course_lib.models.published import load_published, read_state_dict
from course_lib.ops.sampling import center_crop

FRAMES, CROP = 16, 227  # a clip as the published network sees it
RESIZED = (240, 320)  # rows, columns before the crop: the size of UCF101's frames
MEAN = (123.68, 116.779, 103.939)  # R, G, B of ImageNet; flow pictures have 128 in all three
STEM = ((7, 2), (5, 2))  # kernel and stride of conv1 and conv2
CAFFE_LSTM = {"0": "weight_ih_l0", "1": "bias_ih_l0", "2": "weight_hh_l0"}  # the three arrays of its LSTM


class FrameCNN(nn.Module):
    """The CNN below the LSTM, up to fc6: a hybrid of CaffeNet and the network of Zeiler and Fergus.

    Args:
        in_channels: 3 for RGB and for flow pictures.
        widths: channels of the five convolutions. hidden: units of fc6.
        stem: ((kernel, stride) of conv1, the same of conv2).
        crop: rows and columns of a frame. dropout: probability after fc6.
    """

    def __init__(
        self, in_channels=3, *, widths=(96, 384, 512, 512, 384), hidden=4096, stem=STEM, crop=CROP, dropout=0.9
    ):
        super().__init__()
        w1, w2, w3, w4, w5 = widths
        (k1, s1), (k2, s2) = stem
        self.conv1 = nn.Conv2d(in_channels, w1, k1, stride=s1)
        self.conv2 = nn.Conv2d(w1, w2, k2, stride=s2, groups=2)
        self.conv3 = nn.Conv2d(w2, w3, 3, padding=1)
        self.conv4 = nn.Conv2d(w3, w4, 3, padding=1, groups=2)
        self.conv5 = nn.Conv2d(w4, w5, 3, padding=1, groups=2)
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.fc6 = nn.Linear(w5 * _pooled_size(crop, stem) ** 2, hidden)
        self.dropout = nn.Dropout(dropout)
        self.apply(he)

    @classmethod
    def mini(cls, in_channels=3, *, crop=20):
        """The same layers twelve times narrower, for frames of 20 x 20: smaller kernels, no strides."""
        stem, widths = ((5, 1), (3, 1)), (8, 32, 42, 42, 32)
        return cls(in_channels, widths=widths, hidden=48, stem=stem, crop=crop, dropout=0.0)

    def maps(self, frames):
        """Everything up to pool5: (B, in_channels, H, W) -> (B, 384, H', W')."""
        x = _response_norm(self.pool(self.conv1(frames).relu()))
        x = _response_norm(self.pool(self.conv2(x).relu()))
        return self.pool(self.conv5(self.conv4(self.conv3(x).relu()).relu()).relu())

    def forward(self, frames):
        """fc6 after ReLU and dropout: (B, in_channels, H, W) -> (B, hidden)."""
        check_shape(frames, f"B {self.conv1.in_channels} H W", "frames")
        return self.dropout(self.fc6(self.maps(frames).flatten(1)).relu())


class LRCN(nn.Module):
    """CNN, LSTM, and a classifier at every step.

    Args:
        num_classes: 101 for UCF101.
        hidden: units of the LSTM; 256 for RGB, 1024 for flow.
        dropout: probability after the LSTM.
        cnn: function without arguments that makes the network for one frame: (B, C, H, W) -> (B, D), and knows D as
            `fc6.out_features`.
    """

    def __init__(self, num_classes=101, *, hidden=256, dropout=0.5, cnn=FrameCNN):
        super().__init__()
        self.cnn = cnn()
        self.lstm1 = nn.LSTM(self.cnn.fc6.out_features, hidden, batch_first=True)
        self.fc8 = nn.Linear(hidden, num_classes)
        self.dropout = nn.Dropout(dropout)
        start_small(self.fc8)

    @classmethod
    def mini(cls, num_classes, in_channels=3, *, crop=20):
        """The same network for frames of 20 x 20 on two CPU cores: 48 features per frame, 32 hidden units."""
        return cls(num_classes, hidden=32, dropout=0.0, cnn=lambda: FrameCNN.mini(in_channels, crop=crop))

    @classmethod
    def from_published(cls, source, num_classes=101):
        """LRCN with published weights; the LSTM's size is read from them.

        Args:
            source: path of a .caffemodel, as released; or a path or state dict with the keys `conv1.weight` ...
                `fc6.bias`, `lstm1.weight_ih_l0` ..., `fc8.weight` (or `fc8-final.weight`), or with our own names; or
                with Caffe's arrays as `lstm1.0`, `lstm1.1`, `lstm1.2`.
            num_classes: of the checkpoint.
        Raises:
            CourseError: names the keys that do not fit.
        """
        state = _state_of(source)
        recurrent = state.get("lstm1.weight_hh_l0")
        hidden = recurrent.shape[1] if isinstance(recurrent, torch.Tensor) and recurrent.ndim == 2 else 256
        model = cls(num_classes, hidden=hidden)
        load_published(model, state)
        return model.eval()

    def features(self, clip):
        """fc6 of every frame: (B, 3, T, H, W) -> (B, T, D)."""
        check_shape(clip, f"B {self.cnn.conv1.in_channels} T H W", "clip")
        frames = clip.transpose(1, 2).flatten(0, 1)  # (B*T, 3, H, W)
        return self.cnn(frames).unflatten(0, (len(clip), -1))

    def scores_of(self, features):
        """Class scores after every frame: (B, T, D) -> (B, T, K)."""
        return self.fc8(self.dropout(self.lstm1(features)[0]))

    def step_scores(self, clip):
        """Class scores after every frame, before the softmax: (B, 3, T, H, W) -> (B, T, K)."""
        return self.scores_of(self.features(clip))

    def forward(self, clip):
        """Class scores of the clip: (B, 3, T, H, W) -> (B, K). Their softmax is the average of the steps' softmax."""
        return over_time(self.step_scores(clip))


def over_time(scores):
    """Average the predictions of all steps, as logarithms: (B, T, K) scores -> (B, K) scores."""
    return scores.log_softmax(-1).logsumexp(1) - math.log(scores.shape[1])


def every_step(scores, labels):
    """The paper's loss: cross-entropy after every frame, averaged. scores (B, T, K), labels (B,) -> scalar."""
    return cross_entropy(scores.flatten(0, 1), labels.repeat_interleave(scores.shape[1]))


def loss_at_every_step(network, batch):
    """`every_step` of an `LRCN` for `fit(loss=...)`; a batch is (clips, labels)."""
    clips, labels = batch
    return every_step(network.step_scores(clips), labels)


def preprocess(clip, mean=MEAN):
    """A decoded clip as the released weights expect it: 240 x 320, centre 227 x 227, BGR, 0..255 minus the mean.

    Args:
        clip: uint8 (3, T, H, W), RGB; or flow pictures with mean=(128, 128, 128).
        mean: per channel R, G, B. In the release's script for videos the variables for RGB and flow look exchanged; RGB
            takes ImageNet's mean.
    Returns:
        float32 (3, T, 227, 227).
    """
    check_shape(clip, "3 T H W", "clip")
    frames = clip.float().transpose(0, 1)  # (T, 3, H, W)
    frames = interpolate(frames, size=RESIZED, mode="bilinear", align_corners=False, antialias=True)
    frames = center_crop(frames, CROP) - frames.new_tensor(mean).view(3, 1, 1)
    return frames.flip(1).transpose(0, 1)


def _response_norm(x):
    return local_response_norm(x, size=5, alpha=1e-4, beta=0.75, k=1.0)


def _pooled_size(crop, stem):
    """Rows (or columns) that reach fc6: 227 -> 111 -> 55 -> 26 -> 13 -> 6."""

    def pool(n):
        return -(-(n - 3) // 2) + 1  # 3 x 3, stride 2, rounded up

    for kernel, stride in stem:
        crop = pool((crop - kernel) // stride + 1)
    if crop < 3:
        raise CourseError("The frames are too small for three pools: take a larger crop or a smaller stem.")
    return pool(crop)


def _state_of(source):
    """Weights of any layout that is known, under our names."""
    if is_caffemodel(source):
        layers = read_caffemodel(source)
        state = {f"{layer}.{number}": blob for layer, blobs in layers.items() for number, blob in enumerate(blobs)}
    else:
        state = read_state_dict(source)
    ours = {}
    for key, tensor in state.items():
        layer, _, kind = key.removeprefix("cnn.").rpartition(".")
        layer = {"fc8-final": "fc8", "lstm": "lstm1"}.get(layer, layer)
        if layer == "lstm1" and kind in CAFFE_LSTM:
            kind, (i, f, o, g) = CAFFE_LSTM[kind], tensor.chunk(4)  # Caffe's order
            tensor = torch.cat([i, f, g, o])
            if kind == "bias_ih_l0":
                ours["lstm1.bias_hh_l0"] = torch.zeros_like(tensor)
        kind = {"0": "weight", "1": "bias"}.get(kind, kind)
        ours[f"{layer}.{kind}" if layer in ("lstm1", "fc8") else f"cnn.{layer}.{kind}"] = tensor
    return ours
