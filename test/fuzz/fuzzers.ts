import { challengeFuzzer } from './challenge-fuzzer.js';
import type { Fuzzer } from './fuzzer.js';
import { recordingsFuzzer } from './recordings-fuzzer.js';
import { resumeFuzzer } from './resume-fuzzer.js';
import { wireFuzzers } from './wire-fuzzer.js';

export const fuzzers: readonly Fuzzer[] = [challengeFuzzer, recordingsFuzzer, resumeFuzzer, ...wireFuzzers];
