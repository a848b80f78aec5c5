// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

interface Vm {
    function envString(string calldata name) external view returns (string memory);
    function createSelectFork(string calldata url) external returns (uint256);
    function snapshotState() external returns (uint256);
    function revertToState(uint256 id) external returns (bool);
    function warp(uint256 time) external;
    function deal(address who, uint256 amount) external;
    function rpc(string calldata method, string calldata params) external returns (bytes memory);
    function rollFork(uint256 block_) external;
}

/// A stranger's test on a fork of the chain, and one that moves the chain itself.
contract IsolationTest {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    address private constant DEPOSITS = 0x00000000219ab540356cBB839Cbe05303d7705Fa;

    function setUp() public {
        VM.createSelectFork(VM.envString("CHAIN"));
    }

    function test_aForkSeesTheChainAndLeavesItAlone() public {
        require(DEPOSITS.code.length > 0, "the deposit contract is not there");
        uint256 id = VM.snapshotState();
        uint256 before = block.timestamp;
        VM.warp(before + 600);
        VM.deal(address(0xF00D), 5);
        require(address(0xF00D).balance == 5 && block.timestamp == before + 600, "not moved");
        require(VM.revertToState(id), "not reverted");
        require(address(0xF00D).balance == 0 && block.timestamp == before, "not put back");
    }

    function test_theChainMovesByTheRpcAddress() public {
        bytes memory id = VM.rpc("evm_snapshot", "[]");
        require(id.length > 0, "no snapshot");
        VM.rpc("evm_increaseTime", "[600]");
        VM.rpc("evm_mine", "[]");
        uint256 before = block.timestamp;
        VM.createSelectFork(VM.envString("CHAIN"));
        require(block.timestamp >= before + 600, "time did not pass");
    }
}
