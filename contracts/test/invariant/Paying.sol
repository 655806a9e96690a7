// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {IMarketplace} from "../../src/IMarketplace.sol";
import {Puppet} from "./Puppet.sol";
import {Training} from "./Training.sol";

/// @notice The campaign's withdrawals, with payees that refuse, burn gas, answer with too much or call back, and what
/// people send to a contract that never asked for it.
abstract contract Paying is Training {
    // ----------------------------------------------------------------------------------------------------- withdraw

    function _withdraw(address caller, bool direct) internal {
        address to = direct ? caller : _someRecipient(caller);
        uint256 amount = _owed[caller];
        bytes memory refusal = _refusalOfWithdraw(caller, to);
        Puppet.Conduct conduct = Puppet.Conduct.Accept;
        (uint256 callBack, uint256 jobId, bytes memory innerRefusal) = (0, 0, bytes(""));
        if (_isPuppet[to]) {
            conduct = Puppet.Conduct(_pick(6));
            (callBack, jobId) = (_pick(6), _ownJob(to));
            bytes memory inner;
            (inner, innerRefusal) = _callBack(to, callBack, jobId);
            Puppet(payable(to)).arm(conduct, inner);
        }
        if (refusal.length == 0 && _refuses(conduct)) {
            refusal = abi.encodeWithSelector(IMarketplace.MarketplaceTransferFailed.selector, to, amount);
        }
        uint256 before = to.balance;
        bytes memory data =
            direct ? abi.encodeCall(IMarketplace.withdraw, ()) : abi.encodeCall(IMarketplace.withdrawTo, (to));
        if (!_call(caller, 0, data, refusal)) return;
        assertEq(to.balance - before, amount, "received");
        (_owed[caller], _withdrawn) = (0, _withdrawn + amount);
        ++tally.withdrawals;
        if (conduct == Puppet.Conduct.Reenter) _hasReentered(to, callBack, jobId, innerRefusal);
    }

    function _refusalOfWithdraw(address caller, address to) private view returns (bytes memory) {
        if (to == address(0) || to == address(MARKET)) {
            return abi.encodeWithSelector(IMarketplace.MarketplaceRecipientInvalid.selector, to);
        }
        if (_owed[caller] == 0) return abi.encodeWithSelector(IMarketplace.MarketplaceNothingOwed.selector, caller);
        return "";
    }

    function _refuses(Puppet.Conduct conduct) private pure returns (bool) {
        return
            conduct == Puppet.Conduct.Refuse || conduct == Puppet.Conduct.BurnGas
                || conduct == Puppet.Conduct.RevertBomb;
    }

    function _someRecipient(address caller) private returns (address) {
        uint256 kind = _pick(10);
        if (kind == 0) return address(0);
        if (kind == 1) return address(MARKET);
        if (kind == 2) return SINK;
        return kind < 5 ? caller : _anybody();
    }

    // ----------------------------------------------------------------------------------------------------- re-entry

    /// @dev What a payee calls back with, and why that is refused, if it is: a second withdrawal always, all else
    /// exactly when it would be outside of one.
    function _callBack(address payee, uint256 kind, uint256 jobId)
        private
        view
        returns (bytes memory data, bytes memory refusal)
    {
        if (kind < 2) {
            refusal = abi.encodeWithSelector(ReentrancyGuard.ReentrancyGuardReentrantCall.selector);
            if (kind == 0) return (abi.encodeCall(IMarketplace.withdraw, ()), refusal);
            return (abi.encodeCall(IMarketplace.withdrawTo, (SINK)), refusal);
        }
        if (kind == 2) {
            return (abi.encodeCall(IMarketplace.cancelJob, (jobId)), _refusalOfCancel(payee, jobId));
        }
        if (kind == 3) return (abi.encodeCall(IMarketplace.expireJob, (jobId)), _refusalOfExpire(jobId));
        if (kind == 4) {
            bytes32 seed = _ghosts[jobId].seed;
            return (abi.encodeCall(IMarketplace.finalize, (jobId, seed)), _refusalOfFinalize(payee, jobId, seed));
        }
        return (abi.encodeCall(IMarketplace.revokeAcceptance, (jobId)), _refusalOfRevoke(payee, jobId));
    }

    function _hasReentered(address payee, uint256 kind, uint256 jobId, bytes memory refusal) private {
        (bool done, bytes memory answer) = Puppet(payable(payee)).outcome();
        _compare(done, answer, refusal);
        ++tally.reentries;
        if (!done) return;
        if (kind == 2) _hasCancelled(jobId);
        else if (kind == 5) _hasRevoked(payee, jobId);
        else _hasSettled(jobId, kind == 4);
        _checkJob(jobId);
    }

    /// @dev An open job in which the account has a say, if there is one.
    function _ownJob(address account) private returns (uint256 jobId) {
        uint256 start = _pick(_open.length + 1);
        for (uint256 i = 0; i < _open.length; ++i) {
            jobId = _open[(start + i) % _open.length];
            IMarketplace.Job storage job = _ghosts[jobId].job;
            if (job.buyer == account || job.terms.aggregator == account) return jobId;
        }
    }

    // ------------------------------------------------------------------------------------------------------ meddling

    /// @dev Ether that nobody can refuse: the contract does not count it, and nobody can have it.
    function _forceEther() internal {
        uint256 amount = 1 + _pick(1 ether);
        vm.deal(address(this), amount);
        bytes memory code = abi.encodePacked(hex"73", address(MARKET), hex"ff");
        assembly {
            pop(create(amount, add(code, 32), mload(code)))
        }
        _forced += amount;
    }

    /// @dev Calls that are no calls of the interface, and questions about jobs that are none.
    function _callNonsense() internal {
        address caller = _anybody();
        uint256 kind = _pick(7);
        uint256 unknown = _pick(2) == 0 ? 0 : _jobs + 1 + _pick(1 << 200);
        bytes memory noSuchJob = abi.encodeWithSelector(IMarketplace.MarketplaceNoSuchJob.selector, unknown);
        if (kind == 0) _call(caller, 1 + _pick(1 ether), "", REFUSED_WITHOUT_WORDS);
        else if (kind == 1) _call(caller, 0, abi.encodePacked(uint32(_pick(1 << 16))), REFUSED_WITHOUT_WORDS);
        else if (kind == 2) _call(caller, 1, abi.encodeCall(IMarketplace.withdraw, ()), REFUSED_WITHOUT_WORDS);
        else if (kind == 3) _call(caller, 0, _truncated(), REFUSED_WITHOUT_WORDS);
        else if (kind == 4) _call(caller, 0, abi.encodeCall(IMarketplace.getJob, (unknown)), noSuchJob);
        else if (kind == 5) _call(caller, 0, abi.encodeCall(IMarketplace.quote, (unknown)), noSuchJob);
        else _call(caller, 0, abi.encodeCall(IMarketplace.escrowed, (unknown)), noSuchJob);
    }

    function _truncated() private returns (bytes memory data) {
        bytes4[4] memory selectors = [
            IMarketplace.createJob.selector,
            IMarketplace.startJob.selector,
            IMarketplace.recordCheckpoint.selector,
            IMarketplace.finalize.selector
        ];
        return abi.encodePacked(selectors[_pick(4)], new bytes(_pick(64)));
    }
}
