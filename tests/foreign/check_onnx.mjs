// SPDX-License-Identifier: BSD-3-Clause
// Runs the networks that write_files wrote in onnxruntime and compares their outputs:
// node check_onnx.mjs DIRECTORY [where npm installed onnxruntime-node]
// Where the npm package onnxruntime-node is not found it says so and returns 77.
import fs from 'node:fs';
import path from 'node:path';
import {createRequire} from 'node:module';

const directory = path.resolve(process.argv[2]);
let ort;
try {
  ort = createRequire(path.resolve(process.argv[3] ?? '.') + '/')('onnxruntime-node');
} catch {
  console.log('skipped: there is no onnxruntime-node here');
  process.exit(77);
}

function array(file) {
  const raw = fs.readFileSync(file);
  const start = 10 + raw.readUInt16LE(8);
  const extents = /'shape': \(([^)]*)\)/.exec(raw.toString('latin1', 10, start))[1];
  return {
    extents: extents.split(',').filter((e) => e.trim()).map(Number),
    values: new Float32Array(raw.buffer.slice(raw.byteOffset + start, raw.byteOffset + raw.length)),
  };
}

let failed = false;
for (const file of fs.readdirSync(directory).filter((f) => f.endsWith('.onnx')).sort()) {
  const name = path.join(directory, file.split('.')[0]);
  const x = array(name + '.input.npy'), y = array(name + '.output.npy');
  // Full optimization is known to compute wrong products of 2-bit weights.
  const session = await ort.InferenceSession.create(path.join(directory, file), {graphOptimizationLevel: 'basic'});
  const {output} = await session.run({input: new ort.Tensor('float32', x.values, x.extents)});
  const each = y.values.length / y.extents[0];
  let distance = 0, largest = 0, predicted = 0;
  const best = (values, s) => values.slice(s * each, (s + 1) * each).reduce((b, v, i, all) => (v > all[b] ? i : b), 0);
  for (let i = 0; i !== y.values.length; ++i) {
    distance = Math.max(distance, Math.abs(y.values[i] - output.data[i]));
    largest = Math.max(largest, Math.abs(y.values[i]));
  }
  for (let s = 0; s !== y.extents[0]; ++s) predicted += best(y.values, s) === best(output.data, s);
  const good = `${output.dims}` === `${y.extents}` && largest > 0 && distance <= 1e-5 * largest && predicted === y.extents[0];
  failed ||= !good;
  console.log(`${file}: ${predicted} of ${y.extents[0]} predictions, distance ${distance / largest} of the largest output` + (good ? '' : ' FAILED'));
}
process.exit(failed ? 1 : 0);
