#!/usr/bin/env ruby
# frozen_string_literal: true

# The same with prometheus-client-mmap: each process has a mapped file, and a C extension reads them and adds
# them up. Prints what Google Benchmark would print.

require 'json'
require 'tmpdir'

FOLDER = Dir.mktmpdir('shmetrics-bench-', '/dev/shm')
ENV['prometheus_multiproc_dir'] = FOLDER

require 'prometheus/client'
require 'prometheus/client/formats/text'

SERIES_OF_A_WORKER = 10_000
ARBITRARY_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5].freeze

options = ARGV.to_h { |argument| argument.delete_prefix('--').split('=', 2) }

def cpu_seconds
  Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID)
end

# The processor time that the operation takes, in nanoseconds.
def time_of(operation, seconds)
  count = 1
  loop do
    start = cpu_seconds
    count.times { |i| operation.call(i) }
    spent = cpu_seconds - start
    return spent / count * 1e9 if spent >= seconds

    count = [count * 2, (count * seconds / [spent, 1e-6].max).to_i].max
  end
end

def registry
  Prometheus::Client::Registry.new
end

def increment
  counter = registry.counter(:bench_total, '-')
  ->(_) { counter.increment({ kind: 'whole' }) }
end

def observe
  histogram = registry.histogram(:bench_seconds, '-', {}, ARBITRARY_BOUNDS)
  values = Array.new(4096) { 10**(rand * 4.2 - 3.3) }
  ->(i) { histogram.observe({ kind: 'random' }, values[i & 4095]) }
end

def look_up(pick)
  counter = registry.counter(:bench_jobs_total, '-')
  keys = Array.new(10_000) { |i| { user_id: "user-#{1000 + i / 10}", task: "job-#{i % 10}" } }
  keys.each { |key| counter.increment(key) }
  picked = Array.new(4096) { keys[pick.call] }
  ->(i) { counter.increment(picked[i & 4095]) }
end

def count_in_all(series)
  Prometheus::Client.reinitialize_on_pid_change(force: true)
  counter = registry.counter(:bench_requests_total, 'Requests, by method and path.')
  series.times { |i| counter.increment({ method: 'GET', path: format('/api/v1/item/%07d', i) }, i * 7919 % 10_000_000) }
end

# Scrapes the files of `workers` workers that have counted and ended. The extension reads the files whether or
# not their workers live.
def scrape(workers, series)
  Dir.glob("#{FOLDER}/*").each { |name| File.unlink(name) }
  workers.times do |worker|
    child = fork do
      Prometheus::Client.configuration.pid_provider = -> { "worker_#{worker}" }
      count_in_all(series)
      exit!(0)
    end
    Process.wait(child)
  end
  ->(_) { Prometheus::Client::Formats::Text.marshal_multiprocess(FOLDER) }
end

CASES = {
  'increment' => -> { increment },
  'observe' => -> { observe },
  'look_up/hot' => -> { look_up(-> { 0 }) },
  'look_up/random' => -> { look_up(-> { rand(10_000) }) },
  **[1_000, 10_000, 100_000].to_h { |series| ["scrape/#{series}", -> { scrape(1, series) }] },
  **[1, 8, 32].to_h { |workers| ["scrape_workers/#{workers}", -> { scrape(workers, SERIES_OF_A_WORKER) }] }
}.freeze

filter = Regexp.new(options.fetch('benchmark_filter', ''))
seconds = options.fetch('benchmark_min_time', '0.1').to_f
main = Process.pid
at_exit { system('rm', '-rf', FOLDER) if Process.pid == main }
benchmarks = CASES.select { |name, _| filter.match?(name) }.map do |name, prepare|
  ns = time_of(prepare.call, seconds)
  { name: name, cpu_time: ns, real_time: ns, time_unit: 'ns' }
end
puts JSON.generate({ benchmarks: benchmarks })
