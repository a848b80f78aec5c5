// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

/// @title ERC-20 with ERC-2612 permits, also by contracts (ERC-1271)
interface IPermit is IERC20Metadata, IERC20Permit {
    error PermitExpired(uint256 deadline, uint256 nowTime);
    error PermitSignatureInvalid(address owner);

    /// @notice The same with a signature of any form: 65 bytes of an account, or what the ERC-1271 owner accepts.
    function permit(address owner, address spender, uint256 value, uint256 deadline, bytes calldata signature) external;
}
