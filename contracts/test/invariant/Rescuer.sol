// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {IMarketplace} from "../../src/IMarketplace.sol";
import {Ledger} from "./Ledger.sol";
import {PayoutModel} from "./PayoutModel.sol";

/// @notice Tries out, from the present state, whether one party alone gets its money by a deadline, and takes everything
/// back again.
abstract contract Rescuer is Ledger {
    /// @dev Takes what an account that refuses ether is owed.
    address internal constant SINK = address(0x51);

    error Rescued(uint256 received);

    /// @dev One party of a job acts, everybody else is silent.
    function _rescue(uint256 jobId, address party) internal {
        uint256 present = block.timestamp;
        uint256 expected = _owed[party] + _due(jobId, party);
        (bool done, bytes memory answer) = address(this).call(abi.encodeCall(this.tryOut, (jobId, party)));
        vm.warp(present);
        _compare(done, answer, abi.encodeWithSelector(Rescued.selector, expected));
        ++tally.rescues;
    }

    /// @dev What the party is promised from this job if it alone acts, from here on.
    function _due(uint256 jobId, address party) private view returns (uint256 due) {
        Ghost storage ghost = _ghosts[jobId];
        IMarketplace.Job storage job = ghost.job;
        if (job.state == IMarketplace.JobState.Posted) return party == job.buyer ? job.deposit : 0;
        if (job.state != IMarketplace.JobState.Running) return 0;
        bool delivers = party == job.terms.aggregator && job.lastRecorded;
        PayoutModel.Split memory split = _split(jobId, delivers);
        if (party == job.buyer) due += split.refund;
        if (party == job.terms.aggregator) due += split.aggregator;
        for (uint256 i = 0; i < ghost.trainers.length; ++i) {
            if (ghost.trainers[i] == party) due += split.trainers[i];
        }
        for (uint256 i = 0; i < ghost.validators.length; ++i) {
            if (ghost.validators[i] == party) due += split.validatorEach;
        }
    }

    /// @notice Ends the job as `party`, withdraws, and reverts with what was received. For this contract itself.
    function tryOut(uint256 jobId, address party) external {
        assertEq(msg.sender, address(this), "who tries out");
        _end(jobId, party);
        if (MARKET.owed(party) == 0) revert Rescued(0);
        address recipient = _isPuppet[party] ? SINK : party;
        uint256 before = recipient.balance;
        vm.prank(party);
        if (recipient == party) MARKET.withdraw();
        else MARKET.withdrawTo(recipient);
        revert Rescued(recipient.balance - before);
    }

    /// @dev The buyer calls off what has not started at once; all else waits for the deadline, which anybody can use.
    function _end(uint256 jobId, address party) internal {
        IMarketplace.Job storage job = _ghosts[jobId].job;
        if (job.state == IMarketplace.JobState.Posted) {
            if (party != job.buyer) _waitUntil(job.terms.startBy + 1);
            vm.prank(party);
            MARKET.cancelJob(jobId);
        } else if (job.state == IMarketplace.JobState.Running) {
            if (party == job.terms.aggregator && job.lastRecorded) {
                vm.prank(party);
                MARKET.finalize(jobId, _ghosts[jobId].seed);
                return;
            }
            _waitUntil(_expiryOf(jobId) + 1);
            vm.prank(party);
            MARKET.expireJob(jobId);
        }
    }

    function _waitUntil(uint256 moment) private {
        if (block.timestamp < moment) vm.warp(moment);
    }

    /// @dev Every party of an open job.
    function _rescueAllOf(uint256 jobId) internal {
        Ghost storage ghost = _ghosts[jobId];
        _rescue(jobId, ghost.job.buyer);
        _rescue(jobId, ghost.job.terms.aggregator);
        for (uint256 i = 0; i < ghost.trainers.length; ++i) {
            _rescue(jobId, ghost.trainers[i]);
        }
        for (uint256 i = 0; i < ghost.validators.length; ++i) {
            _rescue(jobId, ghost.validators[i]);
        }
    }
}
