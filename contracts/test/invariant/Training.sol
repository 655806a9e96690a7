// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {IMarketplace} from "../../src/IMarketplace.sol";
import {Hiring} from "./Hiring.sol";

/// @notice The campaign's calls while a job runs: checkpoints, delivery, expiry, each honest or with one thing wrong.
abstract contract Training is Hiring {
    /// @dev What of a checkpoint's signature a forger gets wrong.
    enum Forgery {
        None,
        Signer,
        Mse,
        Job,
        Domain,
        Malleated,
        Garbage
    }

    // -------------------------------------------------------------------------------------------------- checkpoints

    function _record(uint256 jobId) internal {
        Ghost storage ghost = _ghosts[jobId];
        IMarketplace.Checkpoint memory checkpoint = _honestCheckpoint(ghost);
        address caller = ghost.job.terms.aggregator;
        uint256 flaw = _pick(56);
        if (flaw == 0) caller = _anybodyBut(caller, caller);
        if (flaw == 1 && ghost.latestCheckpoint.length > 0) return _replay(jobId);
        if (flaw < 8) _spoilCheckpoint(checkpoint, flaw);
        Forgery forgery = Forgery(flaw >= 8 && flaw < 14 ? flaw - 7 : 0);
        bytes memory signature = _signature(jobId, checkpoint, forgery);
        bytes memory refusal = _refusalOfCheckpoint(caller, jobId, checkpoint, forgery == Forgery.None);
        // A buyer's wallet that burns the gas it is given can leave too little for the contract's own words.
        if (forgery == Forgery.Garbage && _isPuppet[ghost.job.buyer]) refusal = REFUSED_ANYHOW;
        bytes memory data = abi.encodeCall(IMarketplace.recordCheckpoint, (jobId, checkpoint, signature));
        if (!_call(caller, 0, data, refusal)) return;
        _hasRecorded(jobId, checkpoint);
        ghost.latestCheckpoint = data;
    }

    function _hasRecorded(uint256 jobId, IMarketplace.Checkpoint memory checkpoint) private {
        Ghost storage ghost = _ghosts[jobId];
        for (uint256 i = 0; i < checkpoint.leaveOneOutMses.length; ++i) {
            uint256 without = checkpoint.leaveOneOutMses[i];
            if (without > checkpoint.mse) ghost.contributions[i] += without - checkpoint.mse;
        }
        if (ghost.job.checkpointCount == 0) ghost.job.initialMse = uint128(checkpoint.mse);
        ghost.job.latestMse = uint128(checkpoint.mse);
        ghost.job.checkpointCount += 1;
        if (checkpoint.last) (ghost.job.lastRecorded, ghost.job.deliveryDigest) = (true, checkpoint.deliveryDigest);
        ++tally.checkpoints;
        _checkJob(jobId);
        assertEq(
            keccak256(abi.encode(MARKET.contributions(jobId))),
            keccak256(abi.encode(ghost.contributions)),
            "contributions"
        );
        _checkQuote(jobId, _split(jobId, true));
    }

    /// @dev The very transaction that recorded the latest checkpoint, once more.
    function _replay(uint256 jobId) private {
        Ghost storage ghost = _ghosts[jobId];
        IMarketplace.Checkpoint memory again;
        again.index = ghost.job.checkpointCount - 1;
        address caller = ghost.job.terms.aggregator;
        _call(caller, 0, ghost.latestCheckpoint, _refusalOfCheckpoint(caller, jobId, again, true));
    }

    function _honestCheckpoint(Ghost storage ghost) private returns (IMarketplace.Checkpoint memory checkpoint) {
        IMarketplace.Job storage job = ghost.job;
        bool first = job.checkpointCount == 0;
        checkpoint.index = job.checkpointCount;
        checkpoint.round = uint32(_pick(1 << 32));
        checkpoint.mse = _someMse(first ? 1 + _pick(100 ether) : job.latestMse);
        checkpoint.leaveOneOutMses = new uint256[](first ? 0 : ghost.trainers.length);
        bool alike = _pick(4) == 0;
        for (uint256 i = 0; i < checkpoint.leaveOneOutMses.length; ++i) {
            checkpoint.leaveOneOutMses[i] =
                alike && i > 0 ? checkpoint.leaveOneOutMses[0] : _someMse(checkpoint.mse + _pick(1 ether));
        }
        checkpoint.last = _pick(3) == 0;
        if (checkpoint.last || _pick(2) == 0) checkpoint.deliveryDigest = keccak256(abi.encode(checkpoint.round));
    }

    /// @dev At most MAX_MSE: zero, as before, the largest, risen, or fallen.
    function _someMse(uint256 before) private returns (uint256 mse) {
        uint256 kind = _pick(12);
        if (kind == 0) return 0;
        if (kind == 1) return MAX_MSE - _pick(2);
        if (kind == 2) mse = before + _pick(1 << 127);
        else if (kind == 3) mse = before + _pick(1 ether);
        else if (kind == 4) mse = before;
        else mse = _pick(before + 1);
        return mse > MAX_MSE ? MAX_MSE : mse;
    }

    function _spoilCheckpoint(IMarketplace.Checkpoint memory checkpoint, uint256 flaw) private {
        uint256[] memory without = checkpoint.leaveOneOutMses;
        if (flaw == 2) checkpoint.index = uint32(_pick(uint256(checkpoint.index) + 1));
        else if (flaw == 3) checkpoint.index += uint32(1 + _pick(_pick(2) == 0 ? 2 : 1 << 31));
        else if (flaw == 4) checkpoint.leaveOneOutMses = new uint256[](_pick(5));
        else if (flaw == 5) checkpoint.mse = MAX_MSE + 1 + _pick(1 << 250);
        else if (flaw == 6 && without.length > 0) without[_pick(without.length)] = MAX_MSE + 1 + _pick(1 << 250);
        else if (flaw == 7) (checkpoint.last, checkpoint.deliveryDigest) = (true, 0);
    }

    function _signature(uint256 jobId, IMarketplace.Checkpoint memory checkpoint, Forgery forgery)
        private
        returns (bytes memory signature)
    {
        if (forgery == Forgery.Garbage) return abi.encodePacked(uint8(_pick(4)));
        address buyer = _ghosts[jobId].job.buyer;
        address signer = forgery == Forgery.Signer ? _anybodyBut(buyer, buyer) : buyer;
        uint256 mse = checkpoint.mse;
        if (forgery == Forgery.Mse) checkpoint.mse = mse ^ (1 + _pick(1 << 100));
        uint256 signedJob = forgery == Forgery.Job ? jobId + 1 : jobId;
        bytes32 digest = _checkpointDigest(signedJob, checkpoint, forgery == Forgery.Domain);
        checkpoint.mse = mse;
        signature = _sign(_keys[signer], digest);
        return forgery == Forgery.Malleated ? _malleated(signature) : signature;
    }

    // -------------------------------------------------------------------------------------------------- the two ends

    function _finalize(uint256 jobId) internal {
        Ghost storage ghost = _ghosts[jobId];
        address caller = _pick(8) == 0 ? _anybody() : ghost.job.terms.aggregator;
        bytes32 seed = _pick(8) == 0 ? keccak256(abi.encode(_pick(1 << 64))) : ghost.seed;
        bytes memory data = abi.encodeCall(IMarketplace.finalize, (jobId, seed));
        if (!_call(caller, 0, data, _refusalOfFinalize(caller, jobId, seed))) return;
        _hasSettled(jobId, true);
        _checkJob(jobId);
    }

    function _expire(address caller, uint256 jobId) internal {
        bytes memory data = abi.encodeCall(IMarketplace.expireJob, (jobId));
        if (!_call(caller, 0, data, _refusalOfExpire(jobId))) return;
        _hasSettled(jobId, false);
        _checkJob(jobId);
    }

    function _cancel(address caller, uint256 jobId) internal {
        bytes memory data = abi.encodeCall(IMarketplace.cancelJob, (jobId));
        if (!_call(caller, 0, data, _refusalOfCancel(caller, jobId))) return;
        _hasCancelled(jobId);
        _checkJob(jobId);
    }
}
