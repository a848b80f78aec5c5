// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title A committee member that is a contract, and what one may do instead of answering well
/// @notice Answers every call as an ERC-1271 question; only a fallback can answer with any number of bytes.
contract TestMember {
    enum Conduct {
        Honest, // accepts what its owner signed
        Refusing,
        Reverting,
        BurningGas,
        AnsweringShort, // the right four bytes and nothing behind
        AnsweringLong // many kilobytes that begin with the right word
    }

    bytes4 internal constant YES = IERC1271.isValidSignature.selector;

    address public immutable OWNER;
    Conduct public immutable CONDUCT;

    constructor(address owner, Conduct conduct) {
        (OWNER, CONDUCT) = (owner, conduct);
    }

    fallback(bytes calldata question) external returns (bytes memory) {
        if (CONDUCT == Conduct.Reverting) revert("no");
        while (CONDUCT == Conduct.BurningGas) {}
        if (CONDUCT == Conduct.AnsweringShort) return bytes.concat(YES);
        if (CONDUCT == Conduct.AnsweringLong) return bytes.concat(YES, new bytes(60_000));
        (bytes32 hash, bytes memory signature) = abi.decode(question[4:], (bytes32, bytes));
        (address signer,,) = ECDSA.tryRecover(hash, signature);
        bool accepts = CONDUCT == Conduct.Honest && signer == OWNER;
        return abi.encode(accepts ? YES : bytes4(0xffffffff));
    }
}
