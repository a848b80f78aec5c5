// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {TestNaiveLender} from "./TestNaiveLender.sol";
import {ITokenWatcher} from "./TestRatedToken.sol";

/// @title Borrows against pool shares in the moment in which a token calls it
contract TestReentrantBorrower is ITokenWatcher {
    address public immutable POOL;
    TestNaiveLender public immutable LENDER;
    uint256 public wantedWei;
    uint256 public gotWei;
    bytes public refusal;

    constructor(address pool, TestNaiveLender lender, IERC20[] memory tokens) {
        (POOL, LENDER) = (pool, lender);
        for (uint256 i = 0; i < tokens.length; ++i) {
            tokens[i].approve(pool, type(uint256).max);
        }
        lender.COLLATERAL().approve(address(lender), type(uint256).max);
    }

    /// @notice Bring shares, so that only the price decides what can be borrowed.
    function bring(uint256 shares) external {
        LENDER.bring(shares);
    }

    function want(uint256 wei_) external {
        wantedWei = wei_;
    }

    /// @notice Call the pool; a refusal goes to the caller as it came.
    function act(bytes calldata data) external returns (bytes memory) {
        (bool done, bytes memory answer) = POOL.call(data);
        if (done) return answer;
        assembly {
            revert(add(answer, 32), mload(answer))
        }
    }

    function tokensMoved() external {
        uint256 wanted = wantedWei;
        if (wanted == 0) return;
        wantedWei = 0;
        try LENDER.borrow(wanted) {
            gotWei += wanted;
        } catch (bytes memory reason) {
            refusal = reason;
        }
    }
}
