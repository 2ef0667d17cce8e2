/* How the claims of a slot count the ends of its owners (PrepareTenure in tenure.cc), and whoever reads the counts.
 * Spin checks them in every order: tests/models runs this.
 *
 * The model has one slot that three workers claim one after another. Each may die before any of its steps, and the
 * kernel then drops its lock at once. Each has something to lose as soon as it lives.
 * The model leaves out the two lock bytes (worker_slot.pml has them), the kinds of ends (one stands for all), and /proc.
 * An error here would count a loss twice, or not at all: an alert that is false, or none.
 *
 * Variants that must fail: ONE_TENURE, COUNT_AFTER_BUMP, COUNT_IN_PLACE.
 */

#define WORKERS 3
#define NOBODY 0

byte claim;  /* the holder of the lock; 0: nobody */
byte epoch;
bit lives[2];  /* the tenures: whether the owner has lived */
byte losses_before[2];
byte lost;  /* how many workers have lived and died */

/* It is a part of the step that follows it, so that a death costs no states of its own. */
#define DIE_OR \
  if \
  :: true \
  :: goto dead \
  fi

#if defined(ONE_TENURE)
#define NEXT epoch % 2
#else
#define NEXT (epoch + 1) % 2
#endif

proctype Worker(byte me) {
  byte losses;
  bit has_lived;
  atomic { DIE_OR; claim == NOBODY; claim = me };
#if defined(COUNT_IN_PLACE)
  atomic { DIE_OR; losses_before[0] = losses_before[0] + lives[0]; losses_before[1] = losses_before[0] };
  atomic { DIE_OR; lives[0] = 0; lives[1] = 0 };
  atomic { DIE_OR; epoch++ };
#elif defined(COUNT_AFTER_BUMP)
  atomic { DIE_OR; losses = losses_before[epoch % 2] + lives[epoch % 2] };
  atomic { DIE_OR; lives[NEXT] = 0 };
  atomic { DIE_OR; epoch++ };
  atomic { DIE_OR; losses_before[epoch % 2] = losses };
#else
  atomic { DIE_OR; losses = losses_before[epoch % 2] + lives[epoch % 2] };  /* slot_claim_locked */
  atomic { DIE_OR; lives[NEXT] = 0 };
  atomic { DIE_OR; losses_before[NEXT] = losses };
  atomic { DIE_OR; epoch++ };  /* slot_tenure_prepared */
#endif
  atomic { DIE_OR; lives[epoch % 2] = 1; has_lived = 1 };  /* slot_live_locked */
  skip;
dead:
  atomic {
    if
    :: claim == me ->
      claim = NOBODY;
      lost = lost + has_lived
    :: else
    fi
  }
}

/* A reader whose look the next claim may overtake, also with two epochs between. It takes the words one by one, and
 * asks last if the owner is the same. */
active proctype Reader() {
  byte seen, counted;
  bit was_claimed;
  seen = epoch;
  counted = losses_before[seen % 2];
  atomic { counted = counted + lives[seen % 2]; was_claimed = (claim != NOBODY) };
  atomic {
    if
    :: seen == epoch && claim == NOBODY && !was_claimed -> assert(counted == lost)
    :: else
    fi
  }
}

init {
  atomic {
    run Worker(1);
    run Worker(2);
    run Worker(3)
  }
}
