// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IMarketplace} from "../../src/IMarketplace.sol";
import {Rescuer} from "./Rescuer.sol";

/// @notice The campaign's calls before a job runs: creating, revoking, starting, each honest or with one thing wrong.
abstract contract Hiring is Rescuer {
    // ------------------------------------------------------------------------------------------------------- create

    function _create() internal {
        address buyer = _anybody();
        IMarketplace.JobTerms memory terms = _sensibleTerms(buyer);
        uint256 deposit = _someDeposit();
        uint256 flaw = _pick(60);
        if (flaw < 2) deposit = flaw == 0 ? 0 : MAX_DEPOSIT + 1;
        else _spoilTerms(terms, buyer, flaw);
        bytes memory data = abi.encodeCall(IMarketplace.createJob, (terms));
        if (!_call(buyer, deposit, data, _refusalOfCreate(buyer, terms, deposit))) return;
        uint256 jobId = ++_jobs;
        Ghost storage ghost = _ghosts[jobId];
        (ghost.job.terms, ghost.job.buyer, ghost.job.deposit) = (terms, buyer, SafeCast.toUint128(deposit));
        ghost.seed = keccak256(abi.encode("seed", jobId));
        _move(jobId, IMarketplace.JobState.None, IMarketplace.JobState.Posted);
        (_deposited, _escrowed) = (_deposited + deposit, _escrowed + deposit);
        ++tally.posted;
        _checkJob(jobId);
    }

    function _sensibleTerms(address buyer) private returns (IMarketplace.JobTerms memory terms) {
        terms.aggregator = _anybodyBut(buyer, buyer);
        (terms.specDigest, terms.keyDigest) = (keccak256(abi.encode(_pick(1 << 64))), keccak256("modulus"));
        terms.startBy = _inSeconds(_pick(8 hours));
        terms.finishBy = terms.startBy + 1 + uint64(_pick(24 hours));
        if (_pick(16) == 0) terms.finishBy = _inSeconds(MAX_DURATION);
        terms.trainerBps = uint16(_pick(10_001));
        terms.validatorBps = uint16(_pick(10_001 - terms.trainerBps));
        terms.aggregatorBps = uint16(_pick(10_001 - terms.trainerBps - terms.validatorBps));
        if (_pick(2) == 0) (terms.trainerBps, terms.validatorBps, terms.aggregatorBps) = (7000, 2000, 1000);
        terms.minTrainers = uint16(1 + _pick(2));
        terms.minValidators = 1;
        terms.maxParticipants = uint16(4 + _pick(137));
    }

    function _inSeconds(uint256 delay) private view returns (uint64) {
        return SafeCast.toUint64(block.timestamp + delay);
    }

    function _someDeposit() private returns (uint256) {
        uint256 kind = _pick(8);
        if (kind == 0) return 1 + _pick(100);
        if (kind == 1) return MAX_DEPOSIT - _pick(2);
        return 1 + _pick(100 ether);
    }

    function _spoilTerms(IMarketplace.JobTerms memory terms, address buyer, uint256 flaw) private {
        if (flaw == 2) terms.aggregator = address(0);
        else if (flaw == 3) terms.aggregator = buyer;
        else if (flaw == 4) terms.specDigest = 0;
        else if (flaw == 5) terms.keyDigest = 0;
        else if (flaw == 6) terms.startBy = uint64(block.timestamp - 1 - _pick(1 hours));
        else if (flaw == 7) terms.finishBy = terms.startBy - uint64(_pick(2));
        else if (flaw == 8) terms.finishBy = _inSeconds(MAX_DURATION + 1 + _pick(1 << 40));
        else if (flaw == 9) terms.finishBy = type(uint64).max;
        else if (flaw == 10) terms.trainerBps = uint16(10_001 - terms.validatorBps + _pick(40_000));
        else if (flaw == 11) terms.minTrainers = _pick(2) == 0 ? 0 : 101;
        else if (flaw == 12) terms.minValidators = _pick(2) == 0 ? 0 : 41;
        else if (flaw == 13) terms.maxParticipants = _pick(2) == 0 ? 141 : terms.minTrainers;
    }

    // ------------------------------------------------------------------------------------------------------- revoke

    function _revoke(address caller, uint256 jobId) internal {
        bytes memory data = abi.encodeCall(IMarketplace.revokeAcceptance, (jobId));
        if (_call(caller, 0, data, _refusalOfRevoke(caller, jobId))) _hasRevoked(caller, jobId);
    }

    function _hasRevoked(address caller, uint256 jobId) internal {
        _roles[jobId][caller] = IMarketplace.Participation.Revoked;
    }

    // -------------------------------------------------------------------------------------------------------- start

    function _start(uint256 jobId) internal {
        Start memory start = _honestStart(jobId);
        uint256 flaw = _pick(64);
        bytes memory refusal;
        if (flaw < 16) refusal = _spoilStart(start, flaw);
        if (refusal.length == 0) refusal = _refusalOfStart(start);
        bytes memory data = abi.encodeCall(
            IMarketplace.startJob, (jobId, start.trainers, start.validators, start.acceptances, start.seedHash)
        );
        if (_call(start.caller, 0, data, refusal)) _hasStarted(start);
    }

    function _hasStarted(Start memory start) private {
        Ghost storage ghost = _ghosts[start.jobId];
        _move(start.jobId, IMarketplace.JobState.Posted, IMarketplace.JobState.Running);
        ghost.job.seedHash = start.seedHash;
        (ghost.trainers, ghost.validators) = (start.trainers, start.validators);
        ghost.contributions = new uint256[](start.trainers.length);
        for (uint256 i = 0; i < start.acceptances.length; ++i) {
            _roles[start.jobId][_ownerAt(start, i)] =
                i < start.trainers.length ? IMarketplace.Participation.Trainer : IMarketplace.Participation.Validator;
        }
        ++tally.started;
        _checkJob(start.jobId);
        _checkParticipants(start.jobId);
        _checkQuote(start.jobId, _split(start.jobId, true));
    }

    /// @dev Owners that may take part, in a random order, with acceptances for either role or the one that they get.
    function _honestStart(uint256 jobId) private returns (Start memory start) {
        IMarketplace.Job storage job = _ghosts[jobId].job;
        uint256 trainers = job.terms.minTrainers + _pick(2);
        uint256 validators = 1 + (trainers + 1 < job.terms.maxParticipants ? _pick(2) : 0);
        (start.jobId, start.caller, start.seedHash) =
        (jobId, job.terms.aggregator, keccak256(abi.encodePacked(_ghosts[jobId].seed)));
        (start.trainers, start.validators) = (new address[](trainers), new address[](validators));
        (start.acceptances, start.valid) = (new bytes[](trainers + validators), new bool[](trainers + validators));
        uint256 place = _pick(ACTORS);
        bool heedless = _pick(10) == 0;
        for (uint256 i = 0; i < trainers + validators; ++i) {
            address owner = _actors[place++ % ACTORS];
            while (_excluded(jobId, owner, heedless) && place < 2 * ACTORS) owner = _actors[place++ % ACTORS];
            bool trains = i < trainers;
            if (trains) start.trainers[i] = owner;
            else start.validators[i - trainers] = owner;
            uint8 roles = _pick(2) == 0 ? 3 : trains ? 1 : 2;
            start.acceptances[i] = _sign(_keys[owner], _acceptanceDigest(_acceptance(jobId, owner, roles), false));
            start.valid[i] = true;
        }
    }

    /// @dev Whether the owner cannot take part. Who is heedless does not look who has revoked.
    function _excluded(uint256 jobId, address owner, bool heedless) private view returns (bool) {
        IMarketplace.Job storage job = _ghosts[jobId].job;
        return owner == job.buyer || owner == job.terms.aggregator
            || (!heedless && _roles[jobId][owner] == IMarketplace.Participation.Revoked);
    }

    function _acceptance(uint256 jobId, address owner, uint8 roles) private view returns (Acceptance memory) {
        IMarketplace.Job storage job = _ghosts[jobId].job;
        IMarketplace.JobTerms storage terms = job.terms;
        return Acceptance(
            jobId,
            owner,
            terms.specDigest,
            terms.keyDigest,
            roles,
            job.deposit,
            terms.trainerBps,
            terms.validatorBps,
            terms.aggregatorBps,
            terms.finishBy
        );
    }

    /// @dev Puts one thing wrong. Returns the refusal where the model cannot know it.
    function _spoilStart(Start memory start, uint256 flaw) private returns (bytes memory) {
        uint256 i = _pick(start.acceptances.length);
        address owner = _ownerAt(start, i);
        if (flaw == 0) {
            start.caller = _anybodyBut(start.caller, start.caller);
        } else if (flaw == 1) {
            start.seedHash = 0;
        } else if (flaw == 2) {
            start.acceptances = new bytes[](_pick(start.acceptances.length) + _pick(2) * (start.acceptances.length + 1));
        } else if (flaw == 3) {
            start.trainers = new address[](_pick(2) * 101);
        } else if (flaw == 4) {
            start.validators = new address[](_pick(2) * 41);
        } else if (flaw == 5) {
            _replace(start, i, _ownerAt(start, _pick(start.acceptances.length)));
        } else if (flaw == 6) {
            _replace(start, i, _ghosts[start.jobId].job.buyer);
        } else if (flaw == 7) {
            _replace(start, i, _ghosts[start.jobId].job.terms.aggregator);
        } else {
            return _spoilAcceptance(start, i, owner, flaw);
        }
        return "";
    }

    /// @dev Another owner in somebody's place, with an acceptance of its own.
    function _replace(Start memory start, uint256 i, address owner) private view {
        if (i < start.trainers.length) start.trainers[i] = owner;
        else start.validators[i - start.trainers.length] = owner;
        start.acceptances[i] = _sign(_keys[owner], _acceptanceDigest(_acceptance(start.jobId, owner, 3), false));
    }

    function _spoilAcceptance(Start memory start, uint256 i, address owner, uint256 flaw)
        private
        returns (bytes memory)
    {
        Acceptance memory accepted = _acceptance(start.jobId, owner, 3);
        uint256 key = _keys[owner];
        start.valid[i] = false;
        if (flaw == 8) accepted.jobId = _otherJob(start.jobId);
        else if (flaw == 9) accepted.deposit += 1;
        else if (flaw == 10) accepted.roles = uint8(i < start.trainers.length ? 2 : 1);
        else if (flaw == 11) key = _keys[_anybodyBut(owner, owner)];
        else if (flaw == 12) (accepted.trainerBps, accepted.deadline) = (accepted.trainerBps ^ 1, accepted.deadline ^ 1);
        start.acceptances[i] = _sign(key, _acceptanceDigest(accepted, flaw == 13));
        if (flaw == 14) start.acceptances[i] = _malleated(start.acceptances[i]);
        if (flaw == 15) {
            start.acceptances[i] = abi.encodePacked(uint8(_pick(4)));
            // A wallet that burns the gas it is given can leave too little for the contract's own words.
            if (_isPuppet[owner] && _refusalOfStart(start).length > 0) return REFUSED_ANYHOW;
        }
        return "";
    }

    /// @dev The same owner's signature for a neighbouring job: of the same parties where the number exists.
    function _otherJob(uint256 jobId) private returns (uint256 other) {
        other = 1 + _pick(_jobs + 1);
        return other == jobId ? jobId + 1 : other;
    }
}
