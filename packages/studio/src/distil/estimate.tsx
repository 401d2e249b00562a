/** What a student would weigh and how fast it would answer, beside its teacher. */
import { timeShape } from '@lacuna/client/compare';
import type { ModelConfig } from '@lacuna/client/training';
import { useEffect, useMemo } from 'preact/hooks';
import { ErrorNote } from '../components/notes.tsx';
import { bytes, duration, percent, whole } from '../format.ts';
import { LatestAnswer } from '../latest-answer.ts';
import type { StudioModel } from '../project.ts';
import { weightOf } from './student-shape.ts';

/** Choosing a shape takes a few clicks; timing one takes a second. */
const PAUSE_MS = 400;

interface EstimateProps {
  readonly teacher: StudioModel;
  readonly config: ModelConfig;
  /** What the models are timed on. */
  readonly text: string;
}

interface Question {
  readonly teacher: StudioModel;
  readonly config: ModelConfig;
  readonly text: string;
}

interface Timed {
  readonly teacherMs: number;
  readonly studentMs: number;
  readonly tokens: number;
}

export function Estimate({ teacher, config, text }: EstimateProps) {
  const latest = useMemo(() => new LatestAnswer<Question, Timed>(timed, PAUSE_MS), []);
  const shape = JSON.stringify(config);
  useEffect(() => {
    latest.ask({ teacher, config, text });
  }, [latest, teacher, shape, text]);
  const [before, after] = [weightOf(teacher, teacher.config), weightOf(teacher, config)];
  const answered = latest.answered.value;
  const isCurrent = !latest.isBusy.value && answered !== undefined;
  return (
    <div class="estimate">
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">Estimate</th>
            <th scope="col">Teacher</th>
            <th scope="col">Student</th>
            <th scope="col">Share</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">Parameters</th>
            <td>{whole(before.parameters)}</td>
            <td>{whole(after.parameters)}</td>
            <td>{percent(after.parameters / before.parameters, 0)}</td>
          </tr>
          <tr>
            <th scope="row">Weights as int8</th>
            <td>{bytes(before.int8Bytes)}</td>
            <td>{bytes(after.int8Bytes)}</td>
            <td>{percent(after.int8Bytes / before.int8Bytes, 0)}</td>
          </tr>
          <tr aria-busy={!isCurrent}>
            <th scope="row">An answer takes</th>
            <td>{isCurrent ? duration(answered.answer.teacherMs) : '…'}</td>
            <td>{isCurrent ? duration(answered.answer.studentMs) : '…'}</td>
            <td>{isCurrent ? percent(answered.answer.studentMs / answered.answer.teacherMs, 0) : '…'}</td>
          </tr>
        </tbody>
      </table>
      <p class="hint">
        Bytes are exact; the vocabulary comes on top. Times are measured now, in this tab: int8 models of both shapes
        with random weights, the median of 20 answers
        {answered ? ` to a text of ${answered.answer.tokens} tokens` : ''}.
      </p>
      {latest.failure.value !== undefined && <ErrorNote error={latest.failure.value} />}
    </div>
  );
}

async function timed({ teacher, config, text }: Question): Promise<Timed> {
  const file = await teacher.artifact();
  const [before, after] = [await timeShape(file, teacher.config, text), await timeShape(file, config, text)];
  return { teacherMs: before.medianMs, studentMs: after.medianMs, tokens: after.tokens };
}
