/* The ladder of a slot's claim (worker_slot.cc), and the readers that ask about its owner (worker_reader.cc,
 * owner_probe.cc). Spin checks them in every order: tests/models runs this.
 *
 * The model has one slot that three workers claim one after another. Each may die before any of its steps, and
 * the kernel then drops both its locks at once. The agent takes a snapshot of the slot, and an admission asks if
 * the owner of a lease is dead. A stranger's read lock may make locking the live byte fail.
 * The model leaves out several slots (they share nothing), the row (one word stands for all gauges), how the locks
 * hang on a mapping, and fork: a child is one more worker. Tests stage those.
 * How the ends of workers are counted has a model of its own, tenure.pml.
 * An error here would show gauges of the dead as those of the living, or end a living worker's lease.
 *
 * Variants that must fail: ONE_LOCK_BYTE, TAKEOVER_KEEPS_THE_EPOCH, CLEAR_BEFORE_BUMP, PROBE_BEFORE_EPOCH,
 * NO_SECOND_LOOK.
 */

#define WORKERS 3
#define NOBODY 0

byte claim;  /* the holder of the lock; 0: nobody */
byte live;
byte epoch;
byte row;  /* the worker whose gauge lies in it */
byte process_id;
byte lease_owner;  /* of the one lease there is; 0: none yet */
byte lease_epoch;
bit is_dead[WORKERS + 1];

/* It is a part of the step that follows it, so that a death costs no states of its own. */
#define DIE_OR \
  if \
  :: true \
  :: goto dead \
  fi

#if defined(TAKEOVER_KEEPS_THE_EPOCH)
#define BUMP if :: epoch == 0 -> epoch = 1 :: else fi
#else
#define BUMP epoch++
#endif

proctype Worker(byte me) {
  atomic {
    DIE_OR;
    claim == NOBODY;
    claim = me;
#ifdef ONE_LOCK_BYTE
    live = me
#endif
  };
#ifdef CLEAR_BEFORE_BUMP
  atomic { DIE_OR; row = NOBODY };
  atomic { DIE_OR; process_id = me };
#endif
  atomic { DIE_OR; BUMP };  /* slot_tenure_prepared */
#ifndef CLEAR_BEFORE_BUMP
  atomic { DIE_OR; row = NOBODY };  /* slot_epoch_bumped */
  atomic { DIE_OR; process_id = me };
#endif
  atomic {
    DIE_OR;  /* slot_taken_over */
    if
    :: live = me
    :: goto dead  /* a stranger's read lock: the worker skips the slot */
    fi
  };
  atomic { DIE_OR; row = me };  /* slot_live_locked */
  if
  :: atomic { lease_owner == NOBODY -> lease_owner = me; lease_epoch = epoch }
  :: true
  fi;
dead:
  atomic {
    is_dead[me] = 1;
    if
    :: claim == me -> claim = NOBODY
    :: else
    fi;
    if
    :: live == me -> live = NOBODY
    :: else
    fi
  }
}

/* ReadWorkers(): the epoch, the kernel, the row, the epoch again. */
active proctype Snapshot() {
  byte seen, holder, shown, shown_process_id;
#ifdef PROBE_BEFORE_EPOCH
  holder = live;
  seen = epoch;
#else
  seen = epoch;
  holder = live;
#endif
  shown = row;
  shown_process_id = process_id;
  if
  :: seen != 0 && holder != NOBODY && epoch == seen ->
    assert(shown == NOBODY || shown == holder);
    assert(shown_process_id == holder)
  :: else
  fi
}

/* OwnerProbe::IsDead(): an owner it calls dead is dead for good; one that was dead all the time is never called
 * alive. */
active proctype Admission() {
  bit was_dead, told_dead;
end:  /* there may never be a lease */
  lease_owner != NOBODY;
  was_dead = is_dead[lease_owner];
  if
  :: epoch != lease_epoch -> told_dead = 1
  :: else ->
    if
    :: live == NOBODY -> told_dead = 1
#ifdef NO_SECOND_LOOK
    :: live != NOBODY
#else
    :: live != NOBODY -> told_dead = (epoch != lease_epoch)
#endif
    fi
  fi;
  assert(!told_dead || is_dead[lease_owner]);
  assert(!was_dead || told_dead)
}

init {
  atomic {
    run Worker(1);
    run Worker(2);
    run Worker(3)
  }
}
