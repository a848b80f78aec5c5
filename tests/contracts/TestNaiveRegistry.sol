// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

interface IDeposits {
    function deposit(
        bytes calldata pubkey,
        bytes calldata credentials,
        bytes calldata signature,
        bytes32 root
    ) external payable;
}

/// @title Keys under a vetted number, with the mistakes of others
/// @notice For tests/incidents alone. What was vetted is a count, so keys can be swapped under it; a key may come
/// twice; all operators are visited in one call, and one that reverts stops it.
contract TestNaiveRegistry {
    error NotVetted(uint256 index);
    error Broken(uint256 operatorId);

    IDeposits public immutable DEPOSITS;
    bytes public credentials;
    bytes[] public keys;
    uint256 public vetted;
    uint256 public staked;
    bool[] public broken;
    mapping(uint256 operatorId => uint256) public rewards;

    constructor(address deposits, bytes memory credentials_) payable {
        DEPOSITS = IDeposits(deposits);
        credentials = credentials_;
    }

    function addKey(bytes calldata key) external {
        keys.push(key);
    }

    function setKey(uint256 index, bytes calldata key) external {
        keys[index] = key;
    }

    function vet(uint256 count) external {
        vetted = count;
    }

    /// @dev 176 bytes a key: public key, signature, deposit data root.
    function stakeNext(uint256 count) external {
        for (uint256 i = 0; i < count; ++i) {
            if (staked >= vetted) revert NotVetted(staked);
            this.stakeKey(keys[staked++]);
        }
    }

    function stakeKey(bytes calldata key) external {
        DEPOSITS.deposit{value: 32 ether}(key[:48], credentials, key[48:144], bytes32(key[144:]));
    }

    function addOperators(uint256 count, bool isBroken) external {
        for (uint256 i = 0; i < count; ++i) {
            broken.push(isBroken);
        }
    }

    function distribute() external {
        for (uint256 i = 0; i < broken.length; ++i) {
            if (broken[i]) revert Broken(i);
            rewards[i] += 1;
        }
    }
}
