"""The specification's swap-or-not shuffle, of all indices at once."""

from hashlib import sha256

_BUCKET_BITS = 256


def shuffled(index_count: int, seed: bytes, rounds: int) -> list[int]:
    """Shuffle all indices below `index_count`, as the specification's swap-or-not does."""
    indices = list(range(index_count))
    for current in range(rounds):
        salt = seed + bytes([current])
        pivot = int.from_bytes(sha256(salt).digest()[:8], "little") % index_count
        buckets = range(-(-index_count // _BUCKET_BITS))
        source = b"".join(sha256(salt + n.to_bytes(4, "little")).digest() for n in buckets)
        for place, index in enumerate(indices):
            flip = (pivot + index_count - index) % index_count
            position = max(index, flip)
            if source[position >> 3] >> (position & 7) & 1:
                indices[place] = flip
    return indices
