/** Distil: a smaller student of a model at hand, beside its teacher, and what int8 costs it. */
import { useMemo } from 'preact/hooks';
import type { Project } from '../project.ts';
import '../styles/distil.css';
import { DistilProgress } from './distil-progress.tsx';
import { Distillation } from './distillation.ts';
import { Int8Report } from './int8-report.tsx';
import { SideBySide } from './side-by-side.tsx';
import { StudentForm } from './student-form.tsx';

export function DistilSection({ project }: { readonly project: Project }) {
  const distillation = useMemo(() => new Distillation(project), [project]);
  return (
    <div class="section">
      <header class="section-head">
        <h1>Distil a student</h1>
        <p>
          A smaller model learns what a larger one knows. It is quicker to load and to ask; what it loses is shown
          below.
        </p>
      </header>
      <section class="card" aria-labelledby="distil-student">
        <h2 id="distil-student">Make a student</h2>
        <StudentForm project={project} distillation={distillation} />
        <DistilProgress distillation={distillation} />
      </section>
      <section class="card" aria-labelledby="distil-compare">
        <h2 id="distil-compare">Side by side</h2>
        <SideBySide project={project} student={distillation.student.value} />
      </section>
      <section class="card" aria-labelledby="distil-int8">
        <h2 id="distil-int8">What int8 costs</h2>
        <Int8Report project={project} />
      </section>
    </div>
  );
}
