// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

interface Vm {
    function startBroadcast(address sender) external;
    function stopBroadcast() external;
}

contract Kept {
    uint256 public immutable VALUE = 42;
}

/// Deploys a contract and sends ether from an unlocked account.
contract Send {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function run() external {
        VM.startBroadcast(0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266);
        new Kept();
        payable(address(0xF00D2)).transfer(7);
        VM.stopBroadcast();
    }
}
