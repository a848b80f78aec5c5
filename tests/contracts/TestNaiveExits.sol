// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Exits that believe what they ask for
/// @notice For tests/incidents alone. Whoever names a key has it asked to exit, once; from then on its ether counts as
/// on its way.
contract TestNaiveExits {
    error AskedAlready(bytes pubkey);
    error NothingMissing();

    uint256 public missingWei;
    mapping(bytes pubkey => bool) public isAsked;

    constructor(uint256 missingWei_) {
        missingWei = missingWei_;
    }

    function ask(bytes calldata pubkey) external {
        if (isAsked[pubkey]) revert AskedAlready(pubkey);
        if (missingWei == 0) revert NothingMissing();
        isAsked[pubkey] = true;
        missingWei -= missingWei < 32 ether ? missingWei : 32 ether;
    }
}
