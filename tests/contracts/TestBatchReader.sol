// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";

/// @title Reads many contracts at one moment, in one call
contract TestBatchReader {
    /// @dev Without data the question is the balance of `target`.
    struct Question {
        address target;
        bytes data;
    }

    function read(Question[] calldata questions) external view returns (bytes memory answers) {
        for (uint256 i = 0; i < questions.length; ++i) {
            address target = questions[i].target;
            bytes memory answer = questions[i].data.length == 0
                ? abi.encode(target.balance)
                : Address.functionStaticCall(target, questions[i].data);
            answers = bytes.concat(answers, answer);
        }
    }
}
