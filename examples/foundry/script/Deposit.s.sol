// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev What of Foundry's cheat codes is used here; a project with forge-std imports it instead.
interface Vm {
    function envString(string calldata name) external view returns (string memory);
    function readFile(string calldata path) external view returns (string memory);
    function parseJsonAddress(string calldata json, string calldata key) external pure returns (address);
    function startBroadcast() external;
    function stopBroadcast() external;
}

interface IStakingVault {
    function depositWrapped(address receiver, address referral) external payable returns (uint256 units);
}

/// @title Deposit 1 ETH for wkETH
/// @notice KEEL_LATEST=FILE forge script script/Deposit.s.sol --rpc-url URL --broadcast --unlocked --sender ACCOUNT
contract Deposit {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    // forge knows a script by it
    bool public constant IS_SCRIPT = true;

    function run() external {
        string memory latest = VM.readFile(VM.envString("KEEL_LATEST"));
        IStakingVault vault = IStakingVault(VM.parseJsonAddress(latest, ".contracts.StakingVault.address"));
        VM.startBroadcast();
        vault.depositWrapped{value: 1 ether}(msg.sender, address(0));
        VM.stopBroadcast();
    }
}
