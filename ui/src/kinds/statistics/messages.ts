import { defineMessages, plural } from '@/i18n/messages';

/** Texts about statistics that every face may show. */
export const messages = defineMessages({
  en: {
    summary: (columns: number) =>
      `Count, mean, spread and distribution of ${plural(columns, '1 column', `${columns} columns`)}`,
    summaryCorrelation: (columns: number) =>
      `Count, mean, spread, distribution and correlations of ${plural(columns, '1 column', `${columns} columns`)}`,
    columns: (columns: number) => plural(columns, '1 column', `${columns} columns`),
    number: (bins: number) => `numbers, ${plural(bins, '1 bin', `${bins} bins`)}`,
    category: (levels: number) => `category, ${plural(levels, '1 level', `${levels} levels`)}`,
    rangeOf: (minimum: string, maximum: string) => `${minimum} to ${maximum}`,
    moreLevels: (levels: string, count: number) => `${levels} and ${count} more`,
    correlation: 'Correlations',
    correlationAsked: 'yes, if each owner consents',
    correlationNot: 'no',
  },
  es: {
    summary: (columns) =>
      `Número, media, dispersión y distribución de ${plural(columns, '1 columna', `${columns} columnas`)}`,
    summaryCorrelation: (columns) =>
      `Número, media, dispersión, distribución y correlaciones de ${plural(columns, '1 columna', `${columns} columnas`)}`,
    columns: (columns) => plural(columns, '1 columna', `${columns} columnas`),
    number: (bins) => `números, ${plural(bins, '1 intervalo', `${bins} intervalos`)}`,
    category: (levels) => `categoría, ${plural(levels, '1 nivel', `${levels} niveles`)}`,
    rangeOf: (minimum, maximum) => `de ${minimum} a ${maximum}`,
    moreLevels: (levels, count) => `${levels} y ${count} más`,
    correlation: 'Correlaciones',
    correlationAsked: 'sí, si consiente cada propietario',
    correlationNot: 'no',
  },
});
