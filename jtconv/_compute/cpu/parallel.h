// A loop shared by the caller and the threads of XLA's pool.

#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "layer.h"
#include "xla/ffi/api/ffi.h"

namespace jtconv {

using xla::ffi::ThreadPool;

constexpr Size kTasksPerThread = 4;  // so that threads end at about the same time

inline Size thread_count(ThreadPool& pool) { return std::max<Size>(pool.num_threads(), 1); }

// The state of one loop: the next task, how many are done, and the first failure.
class ParallelLoop {
 public:
  ParallelLoop(Size tasks, std::function<void(Size)> body) : tasks_(tasks), body_(std::move(body)) {}

  // Takes tasks until none is left.
  void work() {
    for (Size task; (task = next_.fetch_add(1)) < tasks_;) {
      try {
        body_(task);
      } catch (...) {
        std::lock_guard<std::mutex> lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
      }
      if (done_.fetch_add(1) + 1 == tasks_) {
        std::lock_guard<std::mutex> lock(mutex_);
        finished_.notify_all();
      }
    }
  }

  // Returns when every task is done. Throws what the first failing task threw.
  void wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    finished_.wait(lock, [this] { return done_.load() == tasks_; });
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  const Size tasks_;
  const std::function<void(Size)> body_;
  std::atomic<Size> next_{0}, done_{0};
  std::mutex mutex_;
  std::exception_ptr failure_;
  std::condition_variable finished_;
};

// Calls body(task) for every task from 0 to `tasks`, and returns when all are done.
//
// The caller works too, so that this ends even where no thread of the pool is free. A task that
// throws does not stop the others; the first exception is thrown again at the end.
inline void parallel_for(ThreadPool& pool, Size tasks, std::function<void(Size)> body) {
  const Size helpers = std::min(thread_count(pool), tasks) - 1;
  if (helpers <= 0) {
    for (Size task = 0; task < tasks; ++task) body(task);
    return;
  }
  // Shared, as a helper may begin after everything is done.
  auto loop = std::make_shared<ParallelLoop>(tasks, std::move(body));
  for (Size helper = 0; helper < helpers; ++helper) pool.Schedule([loop] { loop->work(); });
  loop->work();
  loop->wait();
}

}  // namespace jtconv
