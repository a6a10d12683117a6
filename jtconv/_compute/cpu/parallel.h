// Loops shared by the caller and the threads of XLA's pool.

#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>

#include "xla/ffi/api/ffi.h"

namespace jtconv {

class Workers {
 public:
  explicit Workers(xla::ffi::ThreadPool& pool) : pool_(pool) {}

  std::ptrdiff_t count() const { return std::max<std::ptrdiff_t>(pool_.num_threads(), 1); }

  // Calls body(task) for every task, and returns when all are done. The caller works too, so that
  // this ends even where no thread of the pool is free. Throws what the first failing task threw, once
  // no other is running.
  void each(std::ptrdiff_t tasks, std::function<void(std::ptrdiff_t)> body) {
    if (tasks <= 0) return;
    const std::ptrdiff_t helpers = std::min(count(), tasks) - 1;
    if (helpers <= 0) {
      for (std::ptrdiff_t task = 0; task < tasks; ++task) body(task);
      return;
    }
    // Shared, as a helper may begin after everything is done.
    auto loop = std::make_shared<Loop>(tasks, std::move(body));
    for (std::ptrdiff_t helper = 0; helper < helpers; ++helper) pool_.Schedule([loop] { loop->work(); });
    loop->work();
    loop->wait();
  }

 private:
  struct Loop {
    Loop(std::ptrdiff_t tasks, std::function<void(std::ptrdiff_t)> body) : tasks(tasks), body(std::move(body)) {}

    void work() {
      for (std::ptrdiff_t task; (task = next.fetch_add(1)) < tasks;) {
        try {
          body(task);
        } catch (...) {
          std::lock_guard<std::mutex> lock(mutex);
          if (!failure) failure = std::current_exception();
        }
        if (done.fetch_add(1) + 1 == tasks) {
          std::lock_guard<std::mutex> lock(mutex);
          finished.notify_all();
        }
      }
    }

    void wait() {
      std::unique_lock<std::mutex> lock(mutex);
      finished.wait(lock, [this] { return done.load() == tasks; });
      if (failure) std::rethrow_exception(failure);
    }

    const std::ptrdiff_t tasks;
    const std::function<void(std::ptrdiff_t)> body;
    std::atomic<std::ptrdiff_t> next{0}, done{0};
    std::mutex mutex;
    std::exception_ptr failure;
    std::condition_variable finished;
  };

  xla::ffi::ThreadPool& pool_;
};

}  // namespace jtconv
