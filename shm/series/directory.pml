/* The ladder of a series' registration (directory.cc, hash_chains.h). spin checks it in every order of its
 * steps; tests/models runs this.
 *
 * Modelled: three writers register in one hash chain, two of them the same label set. Each may die before any
 * of its steps: finding, reserving, allocating, writing, and Publish(), which searches what is new and whose
 * compare-and-swap may fail. A reader walks the chain at any time. A store buffer holds the stores of a
 * record, and they reach memory in any order. The release of SYNC(chain-head) means that the compare-and-swap
 * waits for them.
 * Abstracted away: the arena (allocation is one step and never fails), the family's own count beside the
 * segment's, hashes, removal, and the reader's acquire (its loads happen in program order).
 * Cost of being wrong: a series is shown twice or with the cells of another, or a limit is passed. A test
 * that depends on lucky timing cannot prove that no order of steps leads there.
 *
 * Variants that must fail: PUBLISH_BEFORE_FILL, RELAXED_PUBLISH, NO_SECOND_SEARCH, COUNT_AFTER_PUBLISH.
 */

#define WRITERS 3
#define KEY_A 1
#define KEY_B 2

typedef Record {
  byte key; /* 0: not written yet */
  bit cells;
  byte next;
  byte buffered_key; /* stored by the writer, not yet in memory */
  bit buffered_cells;
}

Record record[WRITERS + 1];
byte head;
byte allocated;
byte series_count;
byte limit;
byte registered[KEY_B + 1]; /* the record that registration has returned */
byte shown[KEY_B + 1];
byte reachable;
byte deaths;
byte finished;

/* The writer dies, or takes the step that follows in the same atomic. A death costs no states of its own. */
#define DIE_OR         \
  if                   \
    ::true ::deaths++; \
  goto end fi

/* HashChains::FindBetween(). It is one step, because the records behind a loaded head do not change. */
#define FIND(first, last, wanted)        \
  ref = first;                           \
  do ::ref == last || ref == 0->ref = 0; \
  break ::ref != last&& ref != 0 && record[ref].key == wanted->break ::else->ref = record[ref].next od

#define FILL                      \
  record[own].buffered_key = key; \
  record[own].buffered_cells = 1

#ifdef RELAXED_PUBLISH
#define IS_WRITTEN true
#else
#define IS_WRITTEN (record[own].buffered_key == 0 && record[own].buffered_cells == 0)
#endif

#ifdef COUNT_AFTER_PUBLISH
#define ON_RESERVE skip
#define ON_PUBLISH series_count++
#else
#define ON_RESERVE series_count++
#define ON_PUBLISH skip
#endif

proctype Writer(byte key) {
  byte ref, own, searched, seen;
  atomic {
    searched = head;
    FIND(head, 0, key);
    if
      ::ref != 0->goto answer ::else fi
  };
  atomic {
    DIE_OR;
    if
      ::series_count < limit->ON_RESERVE ::else->goto end fi
  };
  atomic {
    DIE_OR; /* directory_series_reserved */
    allocated++;
    own = allocated
  };
#ifndef PUBLISH_BEFORE_FILL
  atomic {
    DIE_OR;
    FILL
  };
#endif
  atomic {
    DIE_OR;
    seen = head
  };
publish:
  atomic {
    FIND(seen, searched, key);
    if
      ::ref != 0->series_count--;
    goto answer ::else fi;
    searched = seen;
    record[own].next = seen
  };
  atomic {
    IS_WRITTEN;
    DIE_OR; /* directory_before_publish */
    if
      ::head == seen->head = own;
    ON_PUBLISH
    ::else->seen = head;
#ifdef NO_SECOND_SEARCH
    searched = seen;
#endif
    goto publish fi
  };
#ifdef PUBLISH_BEFORE_FILL
  atomic {
    DIE_OR;
    FILL
  };
#endif
  ref = own;
answer:
  atomic {
    assert(registered[key] == 0 || registered[key] == ref);
    registered[key] = ref
  };
end:
  finished++
}

#define REACHES_MEMORY(i)                                                \
  ::d_step {                                                             \
    record[i].buffered_key != 0->record[i].key = record[i].buffered_key; \
    record[i].buffered_key = 0                                           \
  }                                                                      \
  ::d_step {                                                             \
    record[i].buffered_cells != 0->record[i].cells = 1;                  \
    record[i].buffered_cells = 0                                         \
  }

/* Brings stores to memory, also those of dead writers. */
active proctype StoreBuffer() {
end:
  do REACHES_MEMORY(1)
  REACHES_MEMORY(2)
  REACHES_MEMORY(3)
  od
}

inline Walk() {
  ref = head;
  do ::ref == 0->break ::else->assert(record[ref].key != 0 && record[ref].cells == 1);
  shown[record[ref].key]++;
  assert(shown[record[ref].key] == 1);
  reachable++;
  ref = record[ref].next od;
  ref = 0
}

active proctype Reader() {
  byte ref;
  d_step {
    Walk();
    shown[KEY_A] = 0;
    shown[KEY_B] = 0;
    reachable = 0
  };
  d_step {
    finished == WRITERS;
    Walk();
    assert(reachable <= limit);
    /* A series that was registered is shown, and a death costs at most one place in the count. */
    assert(registered[KEY_A] == 0 || shown[KEY_A] == 1);
    assert(registered[KEY_B] == 0 || shown[KEY_B] == 1);
    assert(series_count >= reachable && series_count <= reachable + deaths)
  }
}

init {
  atomic {
    if
      ::limit = 1 ::limit = WRITERS fi;
    run Writer(KEY_A);
    run Writer(KEY_A);
    run Writer(KEY_B)
  }
}
