import { defineMessages } from '@/i18n/messages';

/** Texts of the steps in which a buyer asks for statistics. */
export const messages = defineMessages({
  en: {
    card: {
      title: 'Look at the data',
      purpose:
        'Counts, means, spreads and distributions of columns, over at least three owners together. You pay a fixed price, and see sums over all owners only.',
      example: 'How old are the patients of all hospitals, and how many smoke?',
      steps: { learn: 'What to look at' },
    },
    columns: 'Columns',
    columnsHelp:
      'Names have to be those of the owners’ columns. An owner with numbers outside of a range, or with texts that are not among the levels, does not fit; empty cells are counted.',
    columnNumber: (number: number) => `Column ${number}`,
    kinds: { number: 'Numbers', category: 'Category' },
    fields: {
      kind: 'Sort of column',
      name: 'Name',
      unit: 'Unit',
      minimum: 'Minimum',
      maximum: 'Maximum',
      bins: 'Bins',
      levels: 'Levels',
    },
    levelsHelp: 'One a line: every text that a cell may hold.',
    addNumber: 'Add a column of numbers',
    addCategory: 'Add a category',
    remove: (name: string) => `Remove ${name}`,
    sample: 'Read from a sample CSV…',
    sampleTitle: 'Read columns from a sample',
    sampleWidenHelp: 'Owners may have values that your sample has not. Bins divide the whole range.',
    sampleNone: 'Choose at least one column.',
    sampleLevels: (count: number, levels: string) => `${count}: ${levels}`,
    sampleTooMany: (most: number) => `More than ${most} different texts: too many to count each.`,
    correlation: 'Correlations',
    correlationAsk: 'Ask for correlations between the columns of numbers too',
    correlationHelp:
      'Means and correlations together are as good as a regression: whoever has them can work out a linear model. So each owner has to consent to them, and fewer may accept.',
    problems: {
      noColumn: 'Add at least one column.',
      name: 'Enter the column’s name, or remove the column.',
      repeated: 'This name is there twice. Rename or remove one.',
      noLevels: 'Enter at least one level.',
      repeatedLevel: (level: string) => `The level “${level}” is there twice. Remove one.`,
    },
  },
  es: {
    card: {
      title: 'Ver los datos',
      purpose:
        'Números, medias, dispersiones y distribuciones de columnas, de al menos tres propietarios juntos. Usted paga un precio fijo, y solo ve sumas de todos los propietarios.',
      example: '¿Qué edad tienen los pacientes de todos los hospitales, y cuántos fuman?',
      steps: { learn: 'Qué ver' },
    },
    columns: 'Columnas',
    columnsHelp:
      'Los nombres tienen que ser los de las columnas de los propietarios. No sirve un propietario con números fuera de un intervalo o con textos que no están entre los niveles; las celdas vacías se cuentan.',
    columnNumber: (number) => `Columna ${number}`,
    kinds: { number: 'Números', category: 'Categoría' },
    fields: {
      kind: 'Clase de columna',
      name: 'Nombre',
      unit: 'Unidad',
      minimum: 'Mínimo',
      maximum: 'Máximo',
      bins: 'Intervalos',
      levels: 'Niveles',
    },
    levelsHelp: 'Uno por línea: todos los textos que puede contener una celda.',
    addNumber: 'Añadir una columna de números',
    addCategory: 'Añadir una categoría',
    remove: (name) => `Quitar ${name}`,
    sample: 'Leer de un CSV de muestra…',
    sampleTitle: 'Leer columnas de una muestra',
    sampleWidenHelp:
      'Los propietarios pueden tener valores que no están en su muestra. Los intervalos del histograma dividen todo el recorrido.',
    sampleNone: 'Elija al menos una columna.',
    sampleLevels: (count, levels) => `${count}: ${levels}`,
    sampleTooMany: (most) => `Más de ${most} textos distintos: demasiados para contar cada uno.`,
    correlation: 'Correlaciones',
    correlationAsk: 'Pedir también las correlaciones entre las columnas de números',
    correlationHelp:
      'Las medias y las correlaciones juntas valen tanto como una regresión: quien las tiene puede deducir un modelo lineal. Por eso cada propietario tiene que consentirlas, y quizá acepten menos.',
    problems: {
      noColumn: 'Añada al menos una columna.',
      name: 'Escriba el nombre de la columna, o quite la columna.',
      repeated: 'Este nombre está dos veces. Cambie o quite uno.',
      noLevels: 'Escriba al menos un nivel.',
      repeatedLevel: (level) => `El nivel «${level}» está dos veces. Quite uno.`,
    },
  },
});
