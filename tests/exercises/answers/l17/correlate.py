"""Answers to 17.1 beside those that the exercise itself knows."""

RIGHT = {
    "patches by pooling with zeros around": """
def correlate(first, second, d, k=0):
    B, C, H, W = first.shape
    b = F.pad(second, (d, d, d, d))
    volume = first.new_zeros(B, 2 * d + 1, 2 * d + 1, H, W)
    for dy in range(-d, d + 1):
        for dx in range(-d, d + 1):
            product = (first * b[..., d + dy : d + dy + H, d + dx : d + dx + W]).sum(1) / C
            volume[:, dy + d, dx + d] = F.avg_pool2d(product, 2 * k + 1, stride=1, padding=k)
    return volume.flatten(1, 2)
""",
    "one scalar product after the other": """
def correlate(first, second, d, k=0):
    B, C, H, W = first.shape
    a, b = F.pad(first, (k,) * 4), F.pad(second, (d + k,) * 4)
    K, D, out = 2 * k + 1, 2 * d + 1, []
    for i in range(D * D):
        for y in range(H):
            for x in range(W):
                p = a[:, :, y : y + K, x : x + K]
                q = b[:, :, y + i // D : y + i // D + K, x + i % D : x + i % D + K]
                out.append((p * q).flatten(1).mean(1))
    return torch.stack(out, 1).view(B, D * D, H, W)
""",
    "unfolding": """
def correlate(first, second, d, k=0):
    B, C, H, W = first.shape
    side, K = 2 * d + 1, 2 * k + 1
    a = F.unfold(first, K, padding=k).view(B, 1, C * K * K, H, W)
    b = F.unfold(F.pad(second, (d,) * 4), K, padding=k).view(B, C * K * K, H + 2 * d, W + 2 * d)
    windows = b.unfold(2, H, 1).unfold(3, W, 1)  # (B, N, side, side, H, W)
    return (a * windows.flatten(2, 3).transpose(1, 2)).sum(2) / (C * K * K)
""",
    "einsum and a sum of shifted patches": """
def correlate(first, second, d, k=0):
    B, C, H, W = first.shape
    a, b = F.pad(first, (k,) * 4), F.pad(second, (d + k,) * 4)
    out = []
    for dy in range(2 * d + 1):
        for dx in range(2 * d + 1):
            total = 0
            for oy in range(2 * k + 1):
                for ox in range(2 * k + 1):
                    p = a[:, :, oy : oy + H, ox : ox + W]
                    q = b[:, :, oy + dy : oy + dy + H, ox + dx : ox + dx + W]
                    total = total + torch.einsum("bchw,bchw->bhw", p, q)
            out.append(total / (C * (2 * k + 1) ** 2))
    return torch.stack(out, 1)
""",
    "a sum of products, divided at the end": """
def correlate(first, second, d, k=0):
    C, H, W = first.shape[1:]
    K = 2 * k + 1
    a, b = F.pad(first, [k] * 4), F.pad(second, [k + d] * 4)
    maps = []
    for i in range((2 * d + 1) ** 2):
        y, x = divmod(i, 2 * d + 1)
        products = (a * b[:, :, y : y + H + 2 * k, x : x + W + 2 * k]).sum(1, keepdim=True)
        maps.append(F.conv2d(products, products.new_ones(1, 1, K, K)) / (K * K * C))
    return torch.cat(maps, 1)
""",
}

WRONG = [
    (
        """
def correlate(first, second, d, k=0):
    maps = []
    for dy in range(-d, d + 1):
        for dx in range(-d, d + 1):
            product = (first * second.roll((-dy, -dx), (2, 3))).mean(1, keepdim=True)
            maps.append(F.avg_pool2d(product, 2 * k + 1, 1, k))
    return torch.cat(maps, 1)
""",
        "goes on at the other side",
    ),
    ({"(a * moved).mean(dim=1, keepdim=True)": "(a * moved).sum(dim=1, keepdim=True) / a.shape[1] ** 0.5"}, None),
    (
        """
def correlate(first, second, d, k=0):
    maps = []
    b = F.pad(second, (d,) * 4)
    for dy in range(-d, d + 1):
        for dx in range(-d, d + 1):
            moved = b[:, :, d + dy : d + dy + first.shape[2], d + dx : d + dx + first.shape[3]]
            product = F.cosine_similarity(first, moved, dim=1).unsqueeze(1)
            maps.append(F.avg_pool2d(product, 2 * k + 1, 1, padding=k))
    return torch.cat(maps, 1)
""",
        "this is the cosine",
    ),
    (
        """
def correlate(first, second, d, k=0):
    height, width = first.shape[2:]
    b = F.pad(second, (d,) * 4)
    maps = []
    for dy in range(-d, d + 1):
        for dx in range(-d, d + 1):
            moved = b[:, :, d + dy : d + dy + height, d + dx : d + dx + width]
            maps.append((first * moved).mean(dim=1, keepdim=True))
    return torch.cat(maps, dim=1)
""",
        "patches are missing",
    ),
    (
        """
def correlate(first, second, d, k=0):
    height, width = first.shape[2:]
    a, b = F.pad(first, (k,) * 4), F.pad(second, (d + k,) * 4)
    maps = []
    for dy in range(2 * d + 1):
        for dx in range(2 * d + 1):
            product = torch.einsum("bchw,bchw->bhw", a, b[:, :, dy:, dx:][:, :, : height + 2 * k, : width + 2 * k])
            maps.append(F.avg_pool2d(product, 2 * k + 1, stride=1))
    return torch.stack(maps, dim=1)
""",
        "this adds up over the channels",
    ),
    (
        """
def correlate(first, second, d, k=0):
    height, width = first.shape[2:]
    a, b = F.pad(first, (k,) * 4), F.pad(second, (d + k,) * 4)
    maps = []
    for dx in range(2 * d + 1):
        for dy in range(2 * d + 1):
            moved = b[:, :, dy : dy + height + 2 * k, dx : dx + width + 2 * k]
            maps.append(F.avg_pool2d((a * moved).mean(1, keepdim=True), 2 * k + 1, stride=1))
    return torch.cat(maps, dim=1)
""",
        "dx and dy are exchanged",
    ),
    (
        """
def correlate(first, second, d, k=0):
    height, width = first.shape[2:]
    a, b = F.pad(first, (k,) * 4), F.pad(second, (d + k,) * 4)
    maps = []
    for dy in range(d, -d - 1, -1):
        for dx in range(d, -d - 1, -1):
            moved = b[:, :, d + dy : d + dy + height + 2 * k, d + dx : d + dx + width + 2 * k]
            maps.append(F.avg_pool2d((a * moved).mean(1, keepdim=True), 2 * k + 1, stride=1))
    return torch.cat(maps, dim=1)
""",
        "wrong sign",
    ),
]
