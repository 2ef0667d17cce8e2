/* The ladders of admission, renewal and release (leases.cc, lease_index.cc) and of the takeover from a dead holder of
 * the shard's mutex (lease_shard.cc), checked in every order by spin: tests/models runs this.
 *
 * Modelled: two workers want one lease each of one key within a limit. The shard has two entries, and a third worker has
 * one of them. Each worker may die before any of its steps, also while it holds the mutex. Death is two steps, as in the
 * kernel: first the robust mutex goes, then the slot. The clock may move on between any two steps, so a worker may stand
 * still past its deadline. Workers count without and with a question to the kernel, end what they do not count, sweep and
 * rebuild, renew with a second look at the clock, and release. A reader without the mutex looks whenever the clock moves
 * on.
 * Of the index, the model has only which entries are in it. A release that finds the mutex held leaves word.
 * Left out: other keys, the ledger, growth (another rebuild of the same kind), the order within a chain, and the bounded
 * wait, because kBusy decides nothing. A worker's slot is never another's (worker_slot.pml), so its epoch is left out too.
 * Cost of being wrong: more leases than the limit; a lease that is ended though its worker still uses it; a lease that is
 * shown as another worker's and stays when its own worker dies; a lease that readers have seen end and that comes back.
 *
 * Variants that must fail: MISSING_REPAIR, UNCOUNTED_STAYS, RENEW_IGNORES_GENERATION, END_WITHOUT_COMPARING,
 * BEGIN_BEFORE_WRITE, NO_SECOND_LOOK.
 */

#define WORKERS 3
#define ENTRIES 2
#define TTL 1
#define LAST_MOMENT 2

typedef Entry {
  byte generation;  /* odd: a lease */
  byte deadline;
  byte owner;
  bit in_chain;  /* in the index, so it is counted */
  bit is_returned;  /* its releaser has left word for the next holder */
  bit is_listed;  /* as free */
  byte begun_by;  /* not in the code: the model compares with it */
}

Entry entry[ENTRIES];
byte limit;
byte now;
byte mutex;  /* its holder; 0: none */
bit owner_died;
bit is_dead[WORKERS + 1];

#define IN_USE(i) (entry[i].generation % 2 == 1)
#define IS_LIVE(i) (IN_USE(i) && entry[i].deadline > now && !is_dead[entry[i].owner])
#define WITHIN_LIMIT (IS_LIVE(0) + IS_LIVE(1) <= limit)

/* Part of the step that follows it, so that a death adds no states. */
#define DIE_OR \
  if \
  :: true \
  :: goto dead \
  fi

/* End() of an expired or orphaned lease, by any visitor. No live lease may be lost. */
#define END(i) \
  assert(!IS_LIVE(i)); \
  entry[i].generation++; \
  entry[i].deadline = 0

/* EndIfExpiredOrOrphaned(): the state is loaded, and compared and swapped a step later. The second turn of the loop meets
 * the renewed state. */
inline EndIfExpiredOrOrphaned(i, asks) {
  do
  :: atomic {
       DIE_OR;
       seen = entry[i].generation;
       seen_deadline = entry[i].deadline;
       is_over = !IN_USE(i) || entry[i].deadline <= now || (asks && is_dead[entry[i].owner]);
       if
       :: seen % 2 == 0 || !is_over -> break
       :: else
       fi
     };
     atomic {
       DIE_OR;
       if
#ifdef END_WITHOUT_COMPARING
       :: true -> END(i); break
#else
       :: entry[i].generation == seen && entry[i].deadline == seen_deadline -> END(i); break
#endif
       :: else
       fi
     }
  od
}

/* LeaseIndex::Remove(). */
inline Unlink(i) {
  atomic { DIE_OR; entry[i].in_chain = 0 };
  atomic { DIE_OR; entry[i].is_listed = 1 }  /* entry_unlinked */
}

/* Rebuild(): one step empties the index, and each entry takes one. */
inline List(i) {
  atomic {
    DIE_OR;
    if
    :: IN_USE(i) -> entry[i].in_chain = 1
    :: else -> entry[i].is_listed = 1
    fi
  }
}

inline Rebuild() {
  atomic {
    DIE_OR;
    entry[0].is_returned = 0; entry[1].is_returned = 0;
    entry[0].in_chain = 0; entry[0].is_listed = 0;
    entry[1].in_chain = 0; entry[1].is_listed = 0
  };
  List(0);  /* entry_table_emptied */
  List(1)
}

inline Repair() {
#ifndef MISSING_REPAIR
  Rebuild();
#endif
  atomic { DIE_OR; owner_died = 0 }  /* shard_repaired */
}

#ifdef UNCOUNTED_STAYS
#define IS_VISITED(i) (entry[i].in_chain && !(IN_USE(i) && entry[i].deadline <= now))
#else
#define IS_VISITED(i) entry[i].in_chain
#endif

inline CountOne(i) {
  if
  :: IS_VISITED(i) ->
    EndIfExpiredOrOrphaned(i, asks);
    if
    :: atomic { is_over || seen % 2 == 0 -> skip };
      Unlink(i)
    :: else -> live++
    fi
  :: else
  fi
}

/* CountUpTo(): what is in the index counts. Only if the limit would refuse, leases are visited. */
inline CountKey() {
  atomic { DIE_OR; live = entry[0].in_chain + entry[1].in_chain };
  if
  :: live < limit
  :: else ->
    asks = 0;
    live = 0;
    CountOne(0);
    CountOne(1);
    if
    :: live < limit
    :: else ->
      asks = 1;
      live = 0;
      CountOne(0);
      CountOne(1)
    fi
  fi
}

/* TakeReturned() for one entry: the word is taken first. */
inline TakeReturnedOne(i) {
  if
  :: atomic { entry[i].is_returned -> DIE_OR; entry[i].is_returned = 0 };
    if
    :: entry[i].in_chain && !IN_USE(i) -> Unlink(i)
    :: else
    fi
  :: else
  fi
}

proctype Worker(byte me) {
  byte live, mine, generation, seen, seen_deadline;
  bit asks, is_over;
  atomic { mutex == 0 -> mutex = me };
  if
  :: owner_died -> Repair()
  :: else
  fi;
  TakeReturnedOne(0);
  TakeReturnedOne(1);
  CountKey();
  if
  :: live >= limit -> mutex = 0; goto dead
  :: else
  fi;
take:
  atomic {
    DIE_OR;
    if
    :: entry[0].is_listed -> mine = 0
    :: !entry[0].is_listed && entry[1].is_listed -> mine = 1
    :: else -> goto sweep
    fi;
    entry[mine].is_listed = 0
  };
  goto write;
sweep:
  asks = 1;
  EndIfExpiredOrOrphaned(0, asks);
  EndIfExpiredOrOrphaned(1, asks);
  Rebuild();
  if
  :: entry[0].is_listed || entry[1].is_listed -> goto take
  :: else -> mutex = 0; goto dead
  fi;
write:
#ifndef BEGIN_BEFORE_WRITE
  atomic { DIE_OR; assert(!IN_USE(mine)); entry[mine].owner = me };  /* lease_entry_taken */
#endif
  atomic {
    DIE_OR;  /* lease_written */
    entry[mine].generation++;
    entry[mine].deadline = now + TTL;
    generation = entry[mine].generation;
    entry[mine].begun_by = me;
    assert(WITHIN_LIMIT)
  };
#ifdef BEGIN_BEFORE_WRITE
  atomic { DIE_OR; entry[mine].owner = me };
#endif
  atomic { DIE_OR; entry[mine].in_chain = 1 };  /* lease_begun */
  mutex = 0;
  if
  :: goto release
  :: true
  fi;
renew:
  atomic {
    DIE_OR;
    seen = entry[mine].generation;
    seen_deadline = entry[mine].deadline;
#ifndef RENEW_IGNORES_GENERATION
    if
    :: seen != generation -> goto dead
    :: else
    fi;
#endif
    is_over = seen_deadline <= now
  };
  atomic {
    DIE_OR;  /* lease_renewal_decided */
    if
    :: entry[mine].generation != seen || entry[mine].deadline != seen_deadline -> goto renew
    :: else
    fi;
    if
    :: is_over -> entry[mine].generation++; entry[mine].deadline = 0; goto dead
    :: else
    fi;
    is_over = seen_deadline <= now;  /* readers may have seen it end */
    entry[mine].deadline = now + TTL;
    assert(entry[mine].generation == generation);
    assert(WITHIN_LIMIT)
  };
  atomic {
    DIE_OR;  /* lease_renewed */
    if
#ifdef NO_SECOND_LOOK
    :: true
#else
    :: seen_deadline > now
#endif
    :: else ->
      if
      :: entry[mine].generation == generation -> entry[mine].generation++; entry[mine].deadline = 0
      :: else
      fi;
      goto dead
    fi;
    assert(!is_over)  /* it has not come back */
  };
release:
  atomic {
    DIE_OR;
    if
    :: entry[mine].generation == generation -> entry[mine].generation++; entry[mine].deadline = 0
    :: else -> goto dead
    fi
  };
  atomic {
    DIE_OR;  /* lease_ended */
    if
    :: mutex == 0 -> mutex = me
    :: else -> entry[mine].is_returned = 1; goto dead  /* lease_returned */
    fi
  };
  if
  :: owner_died -> Repair()
  :: else
  fi;
  TakeReturnedOne(0);
  TakeReturnedOne(1);
  if
  :: entry[mine].in_chain && !IN_USE(mine) -> Unlink(mine)
  :: else
  fi;
  mutex = 0;
dead:
  atomic {
    if
    :: mutex == me -> owner_died = 1; mutex = 0
    :: else
    fi
  };
  is_dead[me] = 1
}

#define READ(i) assert(!IN_USE(i) || entry[i].owner == entry[i].begun_by)

active proctype Clock() {
  do
  :: atomic { now < LAST_MOMENT -> now++; READ(0); READ(1) }
  :: else -> break
  od
}

/* Whenever the mutex is free and its last holder lived, every entry is either in the chain or in the free list. */
proctype Index() {
end:
  atomic {
    mutex == 0 && !owner_died ->
    assert(entry[0].in_chain != entry[0].is_listed && entry[1].in_chain != entry[1].is_listed);
    assert((!IN_USE(0) || entry[0].in_chain) && (!IN_USE(1) || entry[1].in_chain))
  }
}

/* A worker that has a lease from the beginning and only dies. */
proctype Holder(byte me) {
  is_dead[me] = 1
}

init {
  atomic {
    if
    :: limit = 1
    :: limit = ENTRIES + 1  /* as good as none */
    fi;
    entry[0].is_listed = 1;
    entry[1].generation = 1;
    entry[1].deadline = LAST_MOMENT;
    entry[1].owner = WORKERS;
    entry[1].begun_by = WORKERS;
    entry[1].in_chain = 1;
    run Index();
    run Holder(WORKERS);
    run Worker(1);
    run Worker(2)
  }
}
