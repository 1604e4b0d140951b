"""Small renderers of synthetic video with exact ground truth."""
