// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title SSZ: chunks, and nodes of its Merkle trees
/// @notice The names are those of the consensus specification (ssz/simple-serialize, ssz/merkle-proofs). A generalised
/// index is 1 for the root, and `2n`, `2n + 1` for the children of `n`; so its bits, from the lowest, say on which side
/// of its sibling each node of the path lies.
library Ssz {
    /// @dev Root of an empty subtree of 20 levels, so that those above the first million leaves are near.
    uint256 internal constant EMPTY_LEVELS = 20;
    bytes32 internal constant EMPTY_ROOT = 0xcddba7b592e3133393c16194fac7431abf2f5485ed711db282183c819e08ebaa;

    /// @notice `hash(left + right)`: the parent of two nodes.
    function parent(bytes32 left, bytes32 right) internal view returns (bytes32 node) {
        // A proof takes some fifty of these. `sha256(bytes)` would copy each pair into new memory, at twice the gas; so
        // the precompile gets both words where Solidity keeps nothing. It fails only when the gas is used up.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(0x00, left)
            mstore(0x20, right)
            if iszero(staticcall(gas(), 0x02, 0x00, 0x40, 0x00, 0x20)) { revert(0x00, 0x00) }
            node := mload(0x00)
        }
    }

    /// @notice `pack`: a uint64 as a chunk, eight bytes from the lowest on, then zeros.
    function chunk(uint64 number) internal pure returns (bytes32) {
        return bytes32(uint256(_reversed(number)) << 192);
    }

    /// @notice `pack`: a boolean as a chunk, 1 in the first byte.
    function chunk(bool flag) internal pure returns (bytes32) {
        return flag ? bytes32(uint256(1) << 248) : bytes32(0);
    }

    /// @notice The reverse of `pack` for a list of uint64: one of the four that a chunk holds.
    function numberAt(bytes32 packed, uint256 position) internal pure returns (uint64) {
        return _reversed(uint64(uint256(packed) >> (192 - 64 * position)));
    }

    /// @notice `calculate_merkle_root`, from a node up along all of its siblings.
    /// @return the node that is reached, and its generalised index
    function climb(bytes32 node, uint256 gindex, bytes32[] calldata siblings) internal view returns (bytes32, uint256) {
        // `parent` for each sibling in turn. Without a call of the function and the check of an index that cannot leave
        // the slice, it takes 250 gas instead of 400. The node's side, 0x00 or 0x20, is the lowest bit of its index.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let place := siblings.offset
            for { let end := add(place, shl(5, siblings.length)) } lt(place, end) { place := add(place, 0x20) } {
                let side := shl(5, and(gindex, 1))
                mstore(side, node)
                mstore(xor(side, 0x20), calldataload(place))
                if iszero(staticcall(gas(), 0x02, 0x00, 0x40, 0x00, 0x20)) { revert(0x00, 0x00) }
                node := mload(0x00)
                gindex := shr(1, gindex)
            }
        }
        return (node, gindex);
    }

    /// @notice The same where all siblings are empty: `merkleize` fills a list with zero chunks up to its limit.
    /// @param level of the node, counted from the list's chunks
    /// @param top level at which to stop
    function climbBesideEmpty(
        bytes32 node,
        uint256 gindex,
        uint256 level,
        uint256 top
    ) internal view returns (bytes32, uint256) {
        if (level >= top) return (node, gindex);
        (uint256 height, bytes32 empty) = level < EMPTY_LEVELS ? (0, bytes32(0)) : (EMPTY_LEVELS, EMPTY_ROOT);
        for (; height < level; ++height) {
            empty = parent(empty, empty);
        }
        // As in `climb`, for the same reason; then the empty subtree of the next level.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            for {} lt(height, top) { height := add(height, 1) } {
                let side := shl(5, and(gindex, 1))
                mstore(side, node)
                mstore(xor(side, 0x20), empty)
                if iszero(staticcall(gas(), 0x02, 0x00, 0x40, 0x00, 0x20)) { revert(0x00, 0x00) }
                node := mload(0x00)
                gindex := shr(1, gindex)
                mstore(0x00, empty)
                mstore(0x20, empty)
                if iszero(staticcall(gas(), 0x02, 0x00, 0x40, 0x00, 0x20)) { revert(0x00, 0x00) }
                empty := mload(0x00)
            }
        }
        return (node, gindex);
    }

    /// @dev Bytes in the other order: pairs of bytes, then pairs of those, then the halves change places.
    function _reversed(uint64 number) private pure returns (uint64) {
        number = (number & 0xFF00FF00FF00FF00) >> 8 | (number & 0x00FF00FF00FF00FF) << 8;
        number = (number & 0xFFFF0000FFFF0000) >> 16 | (number & 0x0000FFFF0000FFFF) << 16;
        return number >> 32 | number << 32;
    }
}
