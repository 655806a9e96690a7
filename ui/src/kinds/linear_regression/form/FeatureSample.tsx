import { isUsable, type SampleColumn, widenedRange } from '@/files/sample';
import { useMessages } from '@/i18n/messages';
import { SampleDialog, useSampleTexts } from '../../SampleDialog';
import { messages } from './messages';
import type { FeatureValues } from './values';

type Role = 'feature' | 'target' | 'none';

interface FeatureSampleProps {
  onUse: (features: FeatureValues[], target: FeatureValues | undefined) => void;
  onClose: () => void;
}

/** Read features and target from a file that stays in this page. */
export function FeatureSample({ onUse, onClose }: FeatureSampleProps) {
  const m = useMessages(messages);
  const texts = useSampleTexts();
  return (
    <SampleDialog<Role>
      title={m.sampleTitle}
      widenHelp={m.sampleWidenHelp}
      nothingChosen={m.sampleNone}
      rolesOf={(column) => (isUsable(column) ? ['feature', 'target', 'none'] : [])}
      roleTexts={m.sampleRoles}
      textOf={(column, _, widening) => (isUsable(column) ? texts.range(column, widening) : texts.whyNoNumbers(column))}
      firstRoles={firstRoles}
      withRole={withRole}
      onUse={(taken, widening) => {
        const take = (role: Role) =>
          taken.filter((one) => one.role === role).map(({ column }) => toFeature(column, widening));
        onUse(take('feature'), take('target')[0]);
      }}
      onClose={onClose}
    />
  );
}

/** By habit the target is the last column. */
function firstRoles(columns: readonly SampleColumn[]): Role[] {
  const last = columns.findLastIndex(isUsable);
  return columns.map((column, index) => (index === last ? 'target' : isUsable(column) ? 'feature' : 'none'));
}

/** There is one target: choosing another makes the one before a feature. */
function withRole(roles: readonly Role[], index: number, role: Role): Role[] {
  return roles.map((before, other) => {
    if (other === index) return role;
    return role === 'target' && before === 'target' ? 'feature' : before;
  });
}

function toFeature(column: SampleColumn, widening: number): FeatureValues {
  const { minimum, maximum } = widenedRange(column, widening);
  return { name: column.name, unit: '', minimum: String(minimum), maximum: String(maximum) };
}
