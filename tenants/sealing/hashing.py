"""Merkle trees as RFC 6962 (section 2.1) has them: SHA-256, leaves and nodes told apart by their first byte.

Pure. A tree of n leaves splits at the largest power of two below n.
"""

import hashlib
from collections.abc import Sequence

NOTHING = bytes(32)
"""What stands for "the seal before" in the first seal of a chain."""


def leaf_hash(content: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256 of 0x00 and its bytes."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256 of 0x01 and its two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes in their order; of none it is SHA-256 of nothing."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    middle = _split(len(leaves))
    return node_hash(root_of(leaves[:middle]), root_of(leaves[middle:]))


def path_of(leaves: Sequence[bytes], position: int) -> list[bytes]:
    """Return the audit path of a leaf: the hashes beside its way up, the lowest first.

    Raises:
        IndexError: there is no such leaf.
    """
    if not 0 <= position < len(leaves):
        raise IndexError(position)
    if len(leaves) == 1:
        return []
    middle = _split(len(leaves))
    if position < middle:
        return [*path_of(leaves[:middle], position), root_of(leaves[middle:])]
    return [*path_of(leaves[middle:], position - middle), root_of(leaves[:middle])]


def root_from(leaf: bytes, position: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root that a leaf and its path lead to; ``None`` where the path does not fit the tree's size."""
    if not 0 <= position < size:
        return None
    if size == 1:
        return None if path else leaf
    if not path:
        return None
    middle = _split(size)
    if position < middle:
        below = root_from(leaf, position, middle, path[:-1])
        return None if below is None else node_hash(below, path[-1])
    below = root_from(leaf, position - middle, size - middle, path[:-1])
    return None if below is None else node_hash(path[-1], below)


def _split(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1
