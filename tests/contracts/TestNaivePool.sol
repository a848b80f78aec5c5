// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A pool whose views answer in the middle of a change
/// @notice For tests/incidents alone. Shares go first and tokens after, one by one, so a share seems dear in between.
contract TestNaivePool is ERC20("Naive pool", "NP") {
    IERC20[] public tokens;

    error TransferFailed(IERC20 token);

    constructor(IERC20[] memory tokens_) {
        tokens = tokens_;
    }

    function add(uint256 amountOfEach) external {
        for (uint256 i; i < tokens.length; ++i) {
            if (!tokens[i].transferFrom(msg.sender, address(this), amountOfEach)) revert TransferFailed(tokens[i]);
        }
        _mint(msg.sender, tokens.length * amountOfEach);
    }

    function remove(uint256 shares) external {
        uint256 supply = totalSupply();
        _burn(msg.sender, shares);
        for (uint256 i; i < tokens.length; ++i) {
            uint256 part = tokens[i].balanceOf(address(this)) * shares / supply;
            if (!tokens[i].transfer(msg.sender, part)) revert TransferFailed(tokens[i]);
        }
    }

    function virtualPrice() external view returns (uint256) {
        uint256 worth;
        for (uint256 i; i < tokens.length; ++i) {
            worth += tokens[i].balanceOf(address(this));
        }
        return worth * 1e18 / totalSupply();
    }
}
