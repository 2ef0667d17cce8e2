#ifndef SHMETRICS_CLIENT_LIB_BINDING_HASH_TREE_H_
#define SHMETRICS_CLIENT_LIB_BINDING_HASH_TREE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace shmetrics::internal {

/// Objects found by hash, in this process's memory. Insert-only and lock-free, so that a child forked at any
/// moment finds it whole. It is a tree: the hash chooses a root, and at each object which of four ways leads
/// on. So a search takes a few steps, whether there are a hundred objects or a hundred thousand, and nothing
/// has to be moved when it grows. Hashes must be secret (shm::ProcessHashKey), or somebody could make it deep.
///
/// An `Object` has a member `tree` of type HashTree::Links.
template <class Object, std::size_t Roots>
class HashTree {
 public:
  struct Links {
    std::uint64_t hash = 0;  ///< set before the object is published
    std::atomic<Object*> below[4]{};
  };

  /// The object with this hash for which is_wanted(object) is true; null if there is none.
  template <class IsWanted>
  Object* Find(std::uint64_t hash, IsWanted is_wanted) const noexcept {
    Way way = From(hash);
    return Search(&way, hash, is_wanted);
  }

  /// The same, but adds what make() returns, a std::unique_ptr, if there is none. Null if that is null.
  template <class IsWanted, class Make>
  Object* FindOrAdd(std::uint64_t hash, IsWanted is_wanted, Make make) {
    Way way = From(hash);
    if (Object* known = Search(&way, hash, is_wanted)) return known;
    std::unique_ptr<Object> made = make();
    if (made == nullptr) return nullptr;
    made->tree.hash = hash;
    for (;;) {
      Object* seen = nullptr;
      // pairs with the acquire in Search()
      if (way.link->compare_exchange_strong(seen, made.get(), std::memory_order_acq_rel))
        return made.release();
      if (Object* known = Search(&way, hash, is_wanted)) return known;
    }
  }

  template <class Visit>
  void ForEach(Visit visit) const {
    for (const std::atomic<Object*>& root : roots_) Walk(root, visit);
  }

 private:
  struct Way {
    std::atomic<Object*>* link;
    std::uint64_t rest;  ///< of the hash
  };

  Way From(std::uint64_t hash) const noexcept { return {&roots_[hash % Roots], hash / Roots}; }

  /// Goes on until an object is wanted, or a link leads nowhere.
  template <class IsWanted>
  static Object* Search(Way* way, std::uint64_t hash, IsWanted is_wanted) noexcept {
    for (;; way->rest /= 4) {
      Object* object = way->link->load(std::memory_order_acquire);  // pairs with FindOrAdd()
      if (object == nullptr || (object->tree.hash == hash && is_wanted(*object))) return object;
      way->link = &object->tree.below[way->rest % 4];
    }
  }

  template <class Visit>
  static void Walk(const std::atomic<Object*>& link, Visit& visit) {
    Object* object = link.load(std::memory_order_acquire);  // pairs with FindOrAdd()
    if (object == nullptr) return;
    visit(*object);
    for (const std::atomic<Object*>& below : object->tree.below) Walk(below, visit);
  }

  mutable std::atomic<Object*> roots_[Roots]{};
};

}  // namespace shmetrics::internal

#endif  // SHMETRICS_CLIENT_LIB_BINDING_HASH_TREE_H_
