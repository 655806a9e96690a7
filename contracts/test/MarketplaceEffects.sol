// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {IMarketplace} from "../src/IMarketplace.sol";
import {MarketplaceObserver} from "./MarketplaceObserver.sol";
import {Caller, Stage} from "./MarketplaceStages.sol";

/// @notice One call each, with arguments that are right wherever the call is allowed.
enum Call {
    CreateJob,
    RevokeAcceptance,
    StartJob,
    RecordCheckpoint,
    RecordLastCheckpoint,
    Finalize,
    CancelJob,
    ExpireJob,
    Withdraw,
    WithdrawTo,
    WithdrawToNobody
}

/// @notice What each call does when it is allowed: the change of what `MarketplaceObserver` sees, and the events. The
/// functions here emit the expected events and write the expected change into `world`.
abstract contract MarketplaceEffects is MarketplaceObserver {
    /// @dev The MSE of whatever checkpoint comes next, and what the trainer contributes to it.
    uint128 private constant NEXT_MSE = 4e18;
    uint256 private constant NEXT_CONTRIBUTION = 3e18;

    /// @dev Who gets what when the job is settled, in wei.
    struct Split {
        uint256 trainer;
        uint256 validator;
        uint256 aggregator;
        uint256 buyer;
    }

    /// @dev 70 % of the deposit times the improvement for the trainer, 20 % for the validator, 10 % for the aggregator.
    function settlement(Stage stage) internal pure returns (Split memory) {
        if (stage == Stage.Trained) return Split(3.5 ether, 2 ether, 1 ether, 3.5 ether);
        if (stage == Stage.TrainedLate) return Split(3.5 ether, 2 ether, 0, 4.5 ether);
        if (stage == Stage.EvaluatedLate) return Split(2.8 ether, 2 ether, 0, 5.2 ether);
        return Split(0, 0, 0, DEPOSIT);
    }

    /// @dev Trained and late, and yet the aggregator came before anybody expired the job.
    function settlementByFinalize() internal pure returns (Split memory) {
        return settlement(Stage.Trained);
    }

    /// @dev What the job in question has earned a caller and is not withdrawn.
    function earned(Stage stage, Caller caller) internal pure returns (uint256) {
        Split memory split;
        if (stage == Stage.Finished) split = settlementByFinalize();
        if (stage == Stage.Expired) split = settlement(Stage.TrainedLate);
        if (stage == Stage.Cancelled) split = settlement(Stage.Posted);
        if (caller == Caller.Trainer) return split.trainer;
        if (caller == Caller.Validator) return split.validator;
        if (caller == Caller.Aggregator) return split.aggregator;
        return caller == Caller.Buyer ? split.buyer : 0;
    }

    // -------------------------------------------------------------------------------------------------------- calls

    function encode(Call what, Stage stage) internal view returns (bytes memory) {
        if (what == Call.CreateJob) return abi.encodeCall(market.createJob, newTerms());
        if (what == Call.RevokeAcceptance) return abi.encodeCall(market.revokeAcceptance, JOB);
        if (what == Call.StartJob) return encodeStart(stage);
        if (what == Call.RecordCheckpoint) return encodeCheckpoint(nextCheckpoint(stage, false));
        if (what == Call.RecordLastCheckpoint) return encodeCheckpoint(nextCheckpoint(stage, true));
        if (what == Call.Finalize) return abi.encodeCall(market.finalize, (JOB, SEED));
        if (what == Call.CancelJob) return abi.encodeCall(market.cancelJob, JOB);
        if (what == Call.ExpireJob) return abi.encodeCall(market.expireJob, JOB);
        if (what == Call.Withdraw) return abi.encodeCall(market.withdraw, ());
        return abi.encodeCall(market.withdrawTo, what == Call.WithdrawTo ? PAYEE : address(0));
    }

    /// @dev Deadlines that are still to come, at whatever stage the job in question is.
    function newTerms() internal view returns (IMarketplace.JobTerms memory terms) {
        terms = defaultTerms();
        (terms.startBy, terms.finishBy) = (FINALIZE_BY + 1 hours, FINALIZE_BY + 2 hours);
    }

    function nextCheckpoint(Stage stage, bool isLast) internal pure returns (IMarketplace.Checkpoint memory) {
        uint32 index = checkpointsAt(stage);
        uint256[] memory leaveOneOut = index == 0 ? none() : all(1, NEXT_MSE + NEXT_CONTRIBUTION);
        return isLast ? last(index, NEXT_MSE, leaveOneOut) : plain(index, NEXT_MSE, leaveOneOut);
    }

    function encodeStart(Stage stage) private view returns (bytes memory) {
        bytes[] memory signatures = stage == Stage.None ? new bytes[](2) : acceptances(JOB, 2);
        return abi.encodeCall(market.startJob, (JOB, owners(0, 1), owners(1, 1), signatures, seedHash()));
    }

    function encodeCheckpoint(IMarketplace.Checkpoint memory checkpoint) private view returns (bytes memory) {
        bytes memory signature = signed(BUYER_KEY, market.hashCheckpoint(JOB, checkpoint));
        return abi.encodeCall(market.recordCheckpoint, (JOB, checkpoint, signature));
    }

    // ------------------------------------------------------------------------------------------------------ effects

    function expectEffect(Call what, Stage stage, Caller caller, World memory world) internal {
        if (what == Call.CreateJob) expectCreated(caller, world);
        else if (what == Call.RevokeAcceptance) expectRevoked(caller, world);
        else if (what == Call.StartJob) expectStarted(world);
        else if (what == Call.RecordCheckpoint) expectRecorded(nextCheckpoint(stage, false), world);
        else if (what == Call.RecordLastCheckpoint) expectRecorded(nextCheckpoint(stage, true), world);
        else if (what == Call.Finalize) expectFinalized(world);
        else if (what == Call.CancelJob) expectCancelled(world);
        else if (what == Call.ExpireJob) expectExpired(stage, world);
        else if (what == Call.Withdraw) expectWithdrawn(caller, account(caller), world);
        else if (what == Call.WithdrawTo) expectWithdrawn(caller, PAYEE, world);
        else revert("a call that is never allowed");
    }

    function expectCreated(Caller caller, World memory world) private {
        uint256 jobId = ++world.jobCount;
        Record memory created = world.jobs[jobId - 1];
        created.job.terms = newTerms();
        created.job.buyer = account(caller);
        created.job.state = IMarketplace.JobState.Posted;
        created.job.deposit = 10 ether;
        created.escrowed = DEPOSIT;
        world.totalEscrowed += DEPOSIT;
        world.balance += DEPOSIT;
        world.balances[uint256(caller)] -= DEPOSIT;
        emit IMarketplace.JobCreated(jobId, account(caller), aggregator, DEPOSIT, SPEC_DIGEST, KEY_DIGEST);
    }

    function expectRevoked(Caller caller, World memory world) private {
        world.jobs[JOB - 1].participation[uint256(caller)] = IMarketplace.Participation.Revoked;
        emit IMarketplace.AcceptanceRevoked(JOB, account(caller));
    }

    function expectStarted(World memory world) private {
        Record memory started = world.jobs[JOB - 1];
        started.job.state = IMarketplace.JobState.Running;
        started.job.seedHash = seedHash();
        started.trainers = owners(0, 1);
        started.validators = owners(1, 1);
        started.contributions = new uint256[](1);
        started.participation[uint256(Caller.Trainer)] = IMarketplace.Participation.Trainer;
        started.participation[uint256(Caller.Validator)] = IMarketplace.Participation.Validator;
        emit IMarketplace.JobStarted(JOB, owners(0, 1), owners(1, 1), seedHash());
    }

    function expectRecorded(IMarketplace.Checkpoint memory checkpoint, World memory world) private {
        Record memory running = world.jobs[JOB - 1];
        running.job.latestMse = NEXT_MSE;
        running.job.checkpointCount += 1;
        if (checkpoint.index == 0) running.job.initialMse = NEXT_MSE;
        else running.contributions[0] += NEXT_CONTRIBUTION;
        if (checkpoint.last) (running.job.lastRecorded, running.job.deliveryDigest) = (true, DELIVERY);
        emit IMarketplace.CheckpointRecorded(
            JOB,
            checkpoint.index,
            checkpoint.index,
            NEXT_MSE,
            checkpoint.leaveOneOutMses,
            checkpoint.last,
            checkpoint.last ? DELIVERY : bytes32(0)
        );
    }

    function expectFinalized(World memory world) private {
        Split memory split = settlementByFinalize();
        expectCredits(split, IMarketplace.JobState.Finished, world);
        emit IMarketplace.JobFinalized(JOB, SEED, DEPOSIT - split.buyer, split.buyer);
    }

    function expectExpired(Stage stage, World memory world) private {
        Split memory split = settlement(stage);
        expectCredits(split, IMarketplace.JobState.Expired, world);
        emit IMarketplace.JobExpired(JOB, DEPOSIT - split.buyer, split.buyer);
    }

    function expectCancelled(World memory world) private {
        expectCredits(settlement(Stage.Posted), IMarketplace.JobState.Cancelled, world);
        emit IMarketplace.JobCancelled(JOB, DEPOSIT);
    }

    function expectCredits(Split memory split, IMarketplace.JobState state, World memory world) private {
        Record memory settled = world.jobs[JOB - 1];
        settled.job.state = state;
        settled.escrowed = 0;
        world.totalEscrowed -= DEPOSIT;
        world.totalOwed += DEPOSIT;
        expectCredit(Caller.Trainer, IMarketplace.Role.Trainer, split.trainer, world);
        expectCredit(Caller.Validator, IMarketplace.Role.Validator, split.validator, world);
        expectCredit(Caller.Aggregator, IMarketplace.Role.Aggregator, split.aggregator, world);
        expectCredit(Caller.Buyer, IMarketplace.Role.Buyer, split.buyer, world);
    }

    function expectCredit(Caller payee, IMarketplace.Role role, uint256 amount, World memory world) private {
        if (amount == 0) return;
        world.owed[uint256(payee)] += amount;
        emit IMarketplace.Credited(JOB, account(payee), role, amount);
    }

    function expectWithdrawn(Caller caller, address to, World memory world) private {
        uint256 amount = world.owed[uint256(caller)];
        world.owed[uint256(caller)] = 0;
        world.totalOwed -= amount;
        world.balance -= amount;
        if (to == PAYEE) world.payeeBalance += amount;
        else world.balances[uint256(caller)] += amount;
        emit IMarketplace.Withdrawn(account(caller), to, amount);
    }
}
